// Package repo is the access to the database and to the router cache.
package repo

import (
	"context"

	"github.com/ceyewan/genesis/db"
	"github.com/ceyewan/resonance/internal/model"
)

// UserRepo keeps users.
type UserRepo interface {
	CreateUser(ctx context.Context, user *model.User) error
	GetUserByUsername(ctx context.Context, username string) (*model.User, error)
	SearchUsers(ctx context.Context, query string, limit int) ([]*model.User, error)
}

type userRepo struct {
	db db.DB
}

// NewUserRepo returns the users in database.
func NewUserRepo(database db.DB) UserRepo { return &userRepo{db: database} }

func (r *userRepo) CreateUser(ctx context.Context, user *model.User) error {
	return r.db.DB(ctx).Create(user).Error
}

func (r *userRepo) GetUserByUsername(ctx context.Context, username string) (*model.User, error) {
	var user model.User
	if err := r.db.DB(ctx).Where("username = ?", username).First(&user).Error; err != nil {
		return nil, err
	}
	return &user, nil
}

func (r *userRepo) SearchUsers(ctx context.Context, query string, limit int) ([]*model.User, error) {
	var users []*model.User
	err := r.db.DB(ctx).Where("username LIKE ?", "%"+query+"%").Order("username").Limit(limit).Find(&users).Error
	return users, err
}
