package repo

import (
	"context"
	"fmt"
	"time"

	"github.com/ceyewan/genesis/cache"
	"github.com/ceyewan/genesis/clog"
	"github.com/ceyewan/resonance/internal/model"
)

// RouterPrefix is the prefix of every key of the router cache.
const RouterPrefix = "resonance:router:"

const routerTTL = 24 * time.Hour

// RouterRepo knows to which gateway each user is connected.
type RouterRepo interface {
	SetUserGateway(ctx context.Context, router *model.Router) error
	GetUserGateway(ctx context.Context, username string) (*model.Router, error)
	DeleteUserGateway(ctx context.Context, username string) error
	BatchGetUsersGateway(ctx context.Context, usernames []string) ([]*model.Router, error)
}

type routerRepo struct {
	cache  cache.Cache
	logger clog.Logger
}

// NewRouterRepo returns the routes in routes.
func NewRouterRepo(routes cache.Cache, logger clog.Logger) RouterRepo {
	return &routerRepo{cache: routes, logger: logger}
}

func (r *routerRepo) buildUserKey(username string) string { return "user:" + username }

func (r *routerRepo) SetUserGateway(ctx context.Context, router *model.Router) error {
	if err := r.cache.Set(ctx, r.buildUserKey(router.Username), router, routerTTL); err != nil {
		return fmt.Errorf("set gateway of %s: %w", router.Username, err)
	}
	return nil
}

func (r *routerRepo) GetUserGateway(ctx context.Context, username string) (*model.Router, error) {
	var router model.Router
	if err := r.cache.Get(ctx, r.buildUserKey(username), &router); err != nil {
		return nil, fmt.Errorf("get gateway of %s: %w", username, err)
	}
	return &router, nil
}

func (r *routerRepo) DeleteUserGateway(ctx context.Context, username string) error {
	if err := r.cache.Delete(ctx, r.buildUserKey(username)); err != nil {
		return fmt.Errorf("delete gateway of %s: %w", username, err)
	}
	return nil
}

// BatchGetUsersGateway never fails: a user without a route is left out.
func (r *routerRepo) BatchGetUsersGateway(ctx context.Context, usernames []string) ([]*model.Router, error) {
	routers := make([]*model.Router, 0, len(usernames))
	for _, username := range usernames {
		router, err := r.GetUserGateway(ctx, username)
		if err != nil {
			r.logger.Debug("no route", clog.String("username", username), clog.Error(err))
			continue
		}
		routers = append(routers, router)
	}
	return routers, nil
}
