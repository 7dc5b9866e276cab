package repo

import (
	"context"

	"github.com/ceyewan/genesis/db"
	"github.com/ceyewan/resonance/internal/model"
	"gorm.io/gorm/clause"
)

// SessionRepo keeps sessions and their members.
type SessionRepo interface {
	CreateSession(ctx context.Context, session *model.Session) error
	GetSession(ctx context.Context, sessionID string) (*model.Session, error)
	AddMember(ctx context.Context, member *model.SessionMember) error
	GetMembers(ctx context.Context, sessionID string) ([]*model.SessionMember, error)
	GetUserSession(ctx context.Context, username, sessionID string) (*model.SessionMember, error)
	GetUserSessionList(ctx context.Context, username string) ([]*model.Session, error)
	GetContactList(ctx context.Context, username string) ([]string, error)
	UpdateLastReadSeq(ctx context.Context, sessionID, username string, seqID int64) error
}

type sessionRepo struct {
	db db.DB
}

// NewSessionRepo returns the sessions in database.
func NewSessionRepo(database db.DB) SessionRepo { return &sessionRepo{db: database} }

func (r *sessionRepo) CreateSession(ctx context.Context, session *model.Session) error {
	return r.db.DB(ctx).Clauses(clause.OnConflict{DoNothing: true}).Create(session).Error
}

func (r *sessionRepo) GetSession(ctx context.Context, sessionID string) (*model.Session, error) {
	var session model.Session
	if err := r.db.DB(ctx).Where("session_id = ?", sessionID).First(&session).Error; err != nil {
		return nil, err
	}
	return &session, nil
}

func (r *sessionRepo) AddMember(ctx context.Context, member *model.SessionMember) error {
	return r.db.DB(ctx).Clauses(clause.OnConflict{DoNothing: true}).Create(member).Error
}

func (r *sessionRepo) GetMembers(ctx context.Context, sessionID string) ([]*model.SessionMember, error) {
	var members []*model.SessionMember
	err := r.db.DB(ctx).Where("session_id = ?", sessionID).Order("username").Find(&members).Error
	return members, err
}

func (r *sessionRepo) GetUserSession(ctx context.Context, username, sessionID string) (*model.SessionMember, error) {
	var member model.SessionMember
	err := r.db.DB(ctx).Where("session_id = ? AND username = ?", sessionID, username).First(&member).Error
	if err != nil {
		return nil, err
	}
	return &member, nil
}

// GetUserSessionList finds the sessions through a sub-query, which gorm renders by a dry run inside the query.
func (r *sessionRepo) GetUserSessionList(ctx context.Context, username string) ([]*model.Session, error) {
	member := r.db.DB(ctx).Model(&model.SessionMember{}).Select("session_id").Where("username = ?", username)
	var sessions []*model.Session
	err := r.db.DB(ctx).Where("session_id IN (?)", member).Order("session_id").Find(&sessions).Error
	return sessions, err
}

// GetContactList uses SQL of its own: gorm does not know the table.
func (r *sessionRepo) GetContactList(ctx context.Context, username string) ([]string, error) {
	var usernames []string
	err := r.db.DB(ctx).Raw(`SELECT DISTINCT other.username FROM t_session_member mine
		JOIN t_session s ON s.session_id = mine.session_id AND s.type = ?
		JOIN t_session_member other ON other.session_id = mine.session_id
		WHERE mine.username = ? AND other.username <> ? ORDER BY other.username`,
		model.SessionSingle, username, username).Pluck("username", &usernames).Error
	return usernames, err
}

func (r *sessionRepo) UpdateLastReadSeq(ctx context.Context, sessionID, username string, seqID int64) error {
	return r.db.DB(ctx).Model(&model.SessionMember{}).
		Where("session_id = ? AND username = ?", sessionID, username).
		Update("last_read_seq", seqID).Error
}
