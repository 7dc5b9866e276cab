// Package client is the gateway's side of the calls to logic.
package client

import (
	"context"
	"fmt"
	"time"

	"github.com/ceyewan/genesis/clog"
	gatewayv1 "github.com/ceyewan/resonance/api/gen/go/gateway/v1"
	logicv1 "github.com/ceyewan/resonance/api/gen/go/logic/v1"
	"github.com/ceyewan/resonance/internal/registry"
	"google.golang.org/grpc"
)

const (
	dialTimeout = 10 * time.Second
	callTimeout = 30 * time.Second
)

// Client calls logic for one gateway.
type Client struct {
	conn      *grpc.ClientConn
	auth      logicv1.AuthServiceClient
	session   logicv1.SessionServiceClient
	chat      logicv1.ChatServiceClient
	presence  logicv1.PresenceServiceClient
	logger    clog.Logger
	gatewayID string
	batcher   *StatusBatcher
}

// NewClient finds logic in the registry.
func NewClient(logicServiceName, gatewayID string, logger clog.Logger, reg *registry.Registry) (*Client, error) {
	ctx, cancel := context.WithTimeout(context.Background(), dialTimeout)
	defer cancel()
	conn, err := reg.GetConnection(ctx, logicServiceName)
	if err != nil {
		return nil, fmt.Errorf("connect to %s: %w", logicServiceName, err)
	}
	return &Client{
		conn:      conn,
		auth:      logicv1.NewAuthServiceClient(conn),
		session:   logicv1.NewSessionServiceClient(conn),
		chat:      logicv1.NewChatServiceClient(conn),
		presence:  logicv1.NewPresenceServiceClient(conn),
		logger:    logger,
		gatewayID: gatewayID,
	}, nil
}

// StartStatusBatcher starts telling logic who is online.
func (c *Client) StartStatusBatcher(interval time.Duration) {
	c.batcher = NewStatusBatcher(c.PresenceSvc(), c.gatewayID, interval, c.logger)
	c.batcher.Start()
}

// GatewayID is the name of this gateway.
func (c *Client) GatewayID() string { return c.gatewayID }

// PendingStatus is the number of changes logic has not been told yet.
func (c *Client) PendingStatus() int { return c.batcher.Pending() }

// Close ends the batcher and the connection.
func (c *Client) Close() error {
	if c.batcher != nil {
		c.batcher.Stop()
	}
	return c.conn.Close()
}

// PresenceSvc is the stub of the presence service.
func (c *Client) PresenceSvc() logicv1.PresenceServiceClient { return c.presence }

func (c *Client) authSvc() logicv1.AuthServiceClient { return c.auth }

func (c *Client) sessionSvc() logicv1.SessionServiceClient { return c.session }

// SendMessage passes a chat packet to logic.
func (c *Client) SendMessage(ctx context.Context, msg *gatewayv1.ChatRequest) (*logicv1.SendMessageResponse, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	resp, err := c.chat.SendMessage(ctx, &logicv1.SendMessageRequest{
		SessionId:    msg.GetSessionId(),
		FromUsername: msg.GetFromUsername(),
		ToUsername:   msg.GetToUsername(),
		Content:      msg.GetContent(),
		Type:         msg.GetType(),
		Timestamp:    msg.GetTimestamp(),
	})
	if err != nil {
		c.logger.Warn("message not sent", clog.String("session_id", msg.GetSessionId()), clog.Error(err))
		return nil, err
	}
	return resp, nil
}

// Login asks logic to check a password.
func (c *Client) Login(ctx context.Context, req *logicv1.LoginRequest) (*logicv1.LoginResponse, error) {
	return c.authSvc().Login(ctx, req)
}

// Register asks logic to create a user.
func (c *Client) Register(ctx context.Context, req *logicv1.RegisterRequest) (*logicv1.RegisterResponse, error) {
	return c.authSvc().Register(ctx, req)
}

// ValidateToken asks logic whose token it is.
func (c *Client) ValidateToken(ctx context.Context, token string) (*logicv1.ValidateTokenResponse, error) {
	return c.authSvc().ValidateToken(ctx, &logicv1.ValidateTokenRequest{AccessToken: token})
}

// GetSessionList asks logic for a user's sessions.
func (c *Client) GetSessionList(ctx context.Context, username string) (*logicv1.GetSessionListResponse, error) {
	return c.sessionSvc().GetSessionList(ctx, &logicv1.GetSessionListRequest{Username: username})
}

// CreateSession asks logic for a new session.
func (c *Client) CreateSession(ctx context.Context, req *logicv1.CreateSessionRequest) (*logicv1.CreateSessionResponse, error) {
	return c.sessionSvc().CreateSession(ctx, req)
}

// GetRecentMessages asks logic for the newest messages of a session.
func (c *Client) GetRecentMessages(ctx context.Context, req *logicv1.GetRecentMessagesRequest) (*logicv1.GetRecentMessagesResponse, error) {
	return c.sessionSvc().GetRecentMessages(ctx, req)
}

// GetContactList asks logic for a user's contacts.
func (c *Client) GetContactList(ctx context.Context, username string) (*logicv1.GetContactListResponse, error) {
	return c.sessionSvc().GetContactList(ctx, &logicv1.GetContactListRequest{Username: username})
}

// SearchUser asks logic for users by name.
func (c *Client) SearchUser(ctx context.Context, query string) (*logicv1.SearchUserResponse, error) {
	return c.sessionSvc().SearchUser(ctx, &logicv1.SearchUserRequest{Query: query})
}

// UpdateReadPosition tells logic how far a user has read.
func (c *Client) UpdateReadPosition(ctx context.Context, req *logicv1.UpdateReadPositionRequest) (*logicv1.UpdateReadPositionResponse, error) {
	return c.sessionSvc().UpdateReadPosition(ctx, req)
}
