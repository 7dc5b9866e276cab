package repo

import (
	"context"

	"github.com/ceyewan/genesis/db"
	"github.com/ceyewan/resonance/internal/model"
	"gorm.io/gorm"
)

// MessageRepo keeps messages, inboxes and the outbox.
type MessageRepo interface {
	SaveMessageWithOutbox(ctx context.Context, message *model.MessageContent, outbox *model.MessageOutbox) error
	GetLastMessage(ctx context.Context, sessionID string) (*model.MessageContent, error)
	GetRecentMessages(ctx context.Context, sessionID string, limit int) ([]*model.MessageContent, error)
	SaveInbox(ctx context.Context, rows []*model.Inbox) error
	GetPendingOutboxMessages(ctx context.Context, limit int) ([]*model.MessageOutbox, error)
	UpdateOutboxStatus(ctx context.Context, id int64, status, retryCount int) error
}

type messageRepo struct {
	db db.DB
}

// NewMessageRepo returns the messages in database.
func NewMessageRepo(database db.DB) MessageRepo { return &messageRepo{db: database} }

func (r *messageRepo) SaveMessageWithOutbox(ctx context.Context, message *model.MessageContent, outbox *model.MessageOutbox) error {
	return r.db.Transaction(ctx, func(ctx context.Context, tx *gorm.DB) error {
		if err := tx.Create(message).Error; err != nil {
			return err
		}
		if err := tx.Create(outbox).Error; err != nil {
			return err
		}
		return tx.Model(&model.Session{}).
			Where("session_id = ? AND max_seq_id < ?", message.SessionID, message.SeqID).
			Update("max_seq_id", message.SeqID).Error
	})
}

func (r *messageRepo) GetLastMessage(ctx context.Context, sessionID string) (*model.MessageContent, error) {
	var message model.MessageContent
	err := r.db.DB(ctx).Where("session_id = ?", sessionID).Order("seq_id DESC").First(&message).Error
	if err != nil {
		return nil, err
	}
	return &message, nil
}

func (r *messageRepo) GetRecentMessages(ctx context.Context, sessionID string, limit int) ([]*model.MessageContent, error) {
	var messages []*model.MessageContent
	err := r.db.DB(ctx).Where("session_id = ?", sessionID).Order("seq_id DESC").Limit(limit).Find(&messages).Error
	return messages, err
}

func (r *messageRepo) SaveInbox(ctx context.Context, rows []*model.Inbox) error {
	return r.db.DB(ctx).Create(&rows).Error
}

func (r *messageRepo) GetPendingOutboxMessages(ctx context.Context, limit int) ([]*model.MessageOutbox, error) {
	var rows []*model.MessageOutbox
	err := r.db.DB(ctx).Where("status = ?", model.OutboxPending).Order("id").Limit(limit).Find(&rows).Error
	return rows, err
}

func (r *messageRepo) UpdateOutboxStatus(ctx context.Context, id int64, status, retryCount int) error {
	return r.db.DB(ctx).Model(&model.MessageOutbox{}).Where("id = ?", id).
		Updates(map[string]any{"status": status, "retry_count": retryCount}).Error
}
