package service

import (
	"context"

	"github.com/ceyewan/genesis/clog"
	logicv1 "github.com/ceyewan/resonance/api/gen/go/logic/v1"
	"github.com/ceyewan/resonance/internal/model"
	"github.com/ceyewan/resonance/internal/repo"
	"github.com/redis/go-redis/v9"
)

// PresencePrefix is the prefix of the keys that hold the last batch number of each gateway.
const PresencePrefix = "resonance:presence:seq:"

// PresenceService learns from the gateways who is online.
type PresenceService struct {
	logicv1.UnimplementedPresenceServiceServer
	routerRepo repo.RouterRepo
	redis      *redis.Client
	logger     clog.Logger
}

// NewPresenceService returns the service.
func NewPresenceService(routes repo.RouterRepo, client *redis.Client, logger clog.Logger) *PresenceService {
	return &PresenceService{routerRepo: routes, redis: client, logger: logger}
}

// SyncStatus takes one batch of changes. What fails is logged; the answer never says so.
func (s *PresenceService) SyncStatus(ctx context.Context, req *logicv1.SyncStatusRequest) (*logicv1.SyncStatusResponse, error) {
	for _, online := range req.GetOnline() {
		if err := s.handleUserOnline(ctx, req.GetGatewayId(), online); err != nil {
			s.logger.Error("user cannot be set online", clog.String("username", online.GetUsername()), clog.Error(err))
		}
	}
	for _, offline := range req.GetOffline() {
		if err := s.handleUserOffline(ctx, offline); err != nil {
			s.logger.Error("user cannot be set offline", clog.String("username", offline.GetUsername()), clog.Error(err))
		}
	}
	if err := s.redis.Set(ctx, PresencePrefix+req.GetGatewayId(), req.GetSeqId(), 0).Err(); err != nil {
		s.logger.Error("batch number cannot be kept", clog.Error(err))
	}
	return &logicv1.SyncStatusResponse{SeqId: req.GetSeqId()}, nil
}

func (s *PresenceService) handleUserOnline(ctx context.Context, gatewayID string, online *logicv1.UserOnline) error {
	return s.routerRepo.SetUserGateway(ctx, &model.Router{
		Username:   online.GetUsername(),
		GatewayID:  gatewayID,
		RemoteAddr: online.GetRemoteAddr(),
		Timestamp:  online.GetTimestamp(),
	})
}

func (s *PresenceService) handleUserOffline(ctx context.Context, offline *logicv1.UserOffline) error {
	if err := s.routerRepo.DeleteUserGateway(ctx, offline.GetUsername()); err != nil {
		return err
	}
	s.logger.Debug("user went offline", clog.String("username", offline.GetUsername()))
	return nil
}
