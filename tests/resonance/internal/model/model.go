// Package model holds the rows of the database and the values of the cache.
package model

import "time"

// Session types.
const (
	SessionSingle = 1
	SessionGroup  = 2
)

// States of an outbox row.
const (
	OutboxPending = 0
	OutboxSent    = 1
	OutboxFailed  = 2
)

// DefaultSession is the room everybody joins.
const DefaultSession = "0"

// User is a row of t_user.
type User struct {
	Username  string `gorm:"column:username;primaryKey;size:64"`
	Nickname  string `gorm:"column:nickname;size:64"`
	Password  string `gorm:"column:password;size:255"`
	CreatedAt time.Time
}

// TableName names the table.
func (User) TableName() string { return "t_user" }

// Session is a row of t_session.
type Session struct {
	SessionID     string `gorm:"column:session_id;primaryKey;size:160"`
	Type          int    `gorm:"column:type"`
	Name          string `gorm:"column:name;size:128"`
	OwnerUsername string `gorm:"column:owner_username;size:64"`
	MaxSeqID      int64  `gorm:"column:max_seq_id"`
	CreatedAt     time.Time
}

// TableName names the table.
func (Session) TableName() string { return "t_session" }

// SessionMember is a row of t_session_member.
type SessionMember struct {
	SessionID   string `gorm:"column:session_id;primaryKey;size:160"`
	Username    string `gorm:"column:username;primaryKey;size:64"`
	LastReadSeq int64  `gorm:"column:last_read_seq"`
}

// TableName names the table.
func (SessionMember) TableName() string { return "t_session_member" }

// MessageContent is a row of t_message_content.
type MessageContent struct {
	MsgID          int64  `gorm:"column:msg_id;primaryKey;autoIncrement:false"`
	SessionID      string `gorm:"column:session_id;size:160;index:idx_content_session"`
	SenderUsername string `gorm:"column:sender_username;size:64"`
	SeqID          int64  `gorm:"column:seq_id"`
	Content        string `gorm:"column:content"`
	MsgType        string `gorm:"column:msg_type;size:32"`
	CreatedAt      time.Time
}

// TableName names the table.
func (MessageContent) TableName() string { return "t_message_content" }

// Inbox is a row of t_inbox: one message in one user's inbox.
type Inbox struct {
	ID            int64  `gorm:"column:id;primaryKey;autoIncrement"`
	OwnerUsername string `gorm:"column:owner_username;size:64;uniqueIndex:idx_inbox_owner_msg,priority:1"`
	MsgID         int64  `gorm:"column:msg_id;uniqueIndex:idx_inbox_owner_msg,priority:2"`
	SessionID     string `gorm:"column:session_id;size:160"`
	SeqID         int64  `gorm:"column:seq_id"`
}

// TableName names the table.
func (Inbox) TableName() string { return "t_inbox" }

// MessageOutbox is a row of t_message_outbox: a message that must be published.
type MessageOutbox struct {
	ID         int64  `gorm:"column:id;primaryKey;autoIncrement"`
	MsgID      int64  `gorm:"column:msg_id;uniqueIndex:idx_outbox_msg"`
	Topic      string `gorm:"column:topic;size:128"`
	Payload    []byte `gorm:"column:payload"`
	Status     int    `gorm:"column:status;index:idx_outbox_status"`
	RetryCount int    `gorm:"column:retry_count"`
}

// TableName names the table.
func (MessageOutbox) TableName() string { return "t_message_outbox" }

// Router says to which gateway a user is connected.
type Router struct {
	Username   string `json:"username"`
	GatewayID  string `json:"gateway_id"`
	RemoteAddr string `json:"remote_addr"`
	Timestamp  int64  `json:"timestamp"`
}

// Tables are all rows the database must have tables for.
func Tables() []any {
	return []any{&User{}, &Session{}, &SessionMember{}, &MessageContent{}, &Inbox{}, &MessageOutbox{}}
}
