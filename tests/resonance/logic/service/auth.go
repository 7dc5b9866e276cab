// Package service holds logic's four services.
package service

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"

	"github.com/ceyewan/genesis/auth"
	"github.com/ceyewan/genesis/clog"
	logicv1 "github.com/ceyewan/resonance/api/gen/go/logic/v1"
	"github.com/ceyewan/resonance/internal/hook"
	"github.com/ceyewan/resonance/internal/model"
	"github.com/ceyewan/resonance/internal/repo"
	"github.com/golang-jwt/jwt/v5"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// AuthService knows users and their tokens.
type AuthService struct {
	logicv1.UnimplementedAuthServiceServer
	userRepo    repo.UserRepo
	sessionRepo repo.SessionRepo
	auth        auth.Authenticator
	logger      clog.Logger
}

// NewAuthService returns the service.
func NewAuthService(users repo.UserRepo, sessions repo.SessionRepo, authenticator auth.Authenticator, logger clog.Logger) *AuthService {
	return &AuthService{userRepo: users, sessionRepo: sessions, auth: authenticator, logger: logger}
}

// Login checks a password and issues a token.
func (s *AuthService) Login(ctx context.Context, req *logicv1.LoginRequest) (*logicv1.LoginResponse, error) {
	hook.PanicIfAsked(req.GetUsername())
	hook.Sleep(req.GetUsername(), hook.Slow)

	user, err := s.userRepo.GetUserByUsername(ctx, req.GetUsername())
	if err != nil {
		return nil, status.Errorf(codes.Unauthenticated, "wrong username or password")
	}
	if subtle.ConstantTimeCompare([]byte(user.Password), []byte(hashPassword(user.Username, req.GetPassword()))) == 0 {
		return nil, status.Errorf(codes.Unauthenticated, "wrong username or password")
	}
	token, err := s.issue(ctx, user.Username)
	if err != nil {
		return nil, status.Errorf(codes.Internal, "issue token: %v", err)
	}
	return &logicv1.LoginResponse{AccessToken: token, User: toUser(user)}, nil
}

// Register creates a user, who joins the default room.
func (s *AuthService) Register(ctx context.Context, req *logicv1.RegisterRequest) (*logicv1.RegisterResponse, error) {
	hook.PanicIfAsked(req.GetUsername())
	if req.GetUsername() == "" || req.GetPassword() == "" {
		return nil, status.Errorf(codes.InvalidArgument, "username and password are needed")
	}
	user := &model.User{
		Username: req.GetUsername(),
		Nickname: req.GetNickname(),
		Password: hashPassword(req.GetUsername(), req.GetPassword()),
	}
	if err := s.userRepo.CreateUser(ctx, user); err != nil {
		return nil, status.Errorf(codes.AlreadyExists, "create user: %v", err)
	}
	if err := s.joinDefaultSession(ctx, user.Username); err != nil {
		s.logger.Warn("default room not joined", clog.String("username", user.Username), clog.Error(err))
	}
	token, err := s.issue(ctx, user.Username)
	if err != nil {
		return nil, status.Errorf(codes.Internal, "issue token: %v", err)
	}
	return &logicv1.RegisterResponse{AccessToken: token, User: toUser(user)}, nil
}

// ValidateToken says whose token it is; a bad one is an answer, not an error.
func (s *AuthService) ValidateToken(ctx context.Context, req *logicv1.ValidateTokenRequest) (*logicv1.ValidateTokenResponse, error) {
	if req.GetAccessToken() == "" {
		return &logicv1.ValidateTokenResponse{Valid: false}, nil
	}
	claims, err := s.auth.ValidateToken(ctx, req.GetAccessToken())
	if err != nil || claims.Subject == "" {
		return &logicv1.ValidateTokenResponse{Valid: false}, nil
	}
	if _, err := s.userRepo.GetUserByUsername(ctx, claims.Subject); err != nil {
		return &logicv1.ValidateTokenResponse{Valid: false}, nil
	}
	return &logicv1.ValidateTokenResponse{Valid: true, Username: claims.Subject}, nil
}

func (s *AuthService) joinDefaultSession(ctx context.Context, username string) error {
	if _, err := s.sessionRepo.GetSession(ctx, model.DefaultSession); err != nil {
		return err
	}
	return s.sessionRepo.AddMember(ctx, &model.SessionMember{SessionID: model.DefaultSession, Username: username})
}

func (s *AuthService) issue(ctx context.Context, username string) (string, error) {
	return s.auth.GenerateToken(ctx, &auth.Claims{
		RegisteredClaims: jwt.RegisteredClaims{Subject: username},
		Username:         username,
	})
}

// hashPassword is cheap on purpose: a load test registers many users.
func hashPassword(username, password string) string {
	sum := sha256.Sum256([]byte(username + "\x00" + password))
	return hex.EncodeToString(sum[:])
}

func toUser(user *model.User) *logicv1.User {
	return &logicv1.User{Username: user.Username, Nickname: user.Nickname}
}
