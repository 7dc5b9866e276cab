// Package handler is the gateway's HTTP API, served by Connect.
package handler

import (
	"context"
	"errors"

	"connectrpc.com/connect"
	"github.com/ceyewan/genesis/clog"
	gatewayv1 "github.com/ceyewan/resonance/api/gen/go/gateway/v1"
	logicv1 "github.com/ceyewan/resonance/api/gen/go/logic/v1"
	"github.com/ceyewan/resonance/gateway/client"
	"github.com/ceyewan/resonance/gateway/middleware"
)

var errNoUser = errors.New("not logged in")

// Handler passes the API's calls on to logic.
type Handler struct {
	logicClient *client.Client
	logger      clog.Logger
}

// NewHandler returns a handler.
func NewHandler(logicClient *client.Client, logger clog.Logger) *Handler {
	return &Handler{logicClient: logicClient, logger: logger}
}

// Login checks a password.
func (h *Handler) Login(ctx context.Context, req *connect.Request[gatewayv1.LoginRequest]) (*connect.Response[gatewayv1.LoginResponse], error) {
	resp, err := h.logicClient.Login(ctx, &logicv1.LoginRequest{
		Username: req.Msg.GetUsername(),
		Password: req.Msg.GetPassword(),
	})
	if err != nil {
		return nil, h.failed("Login", err)
	}
	return connect.NewResponse(&gatewayv1.LoginResponse{AccessToken: resp.GetAccessToken(), User: toUser(resp.GetUser())}), nil
}

// Register creates a user.
func (h *Handler) Register(ctx context.Context, req *connect.Request[gatewayv1.RegisterRequest]) (*connect.Response[gatewayv1.RegisterResponse], error) {
	resp, err := h.logicClient.Register(ctx, &logicv1.RegisterRequest{
		Username: req.Msg.GetUsername(),
		Password: req.Msg.GetPassword(),
		Nickname: req.Msg.GetNickname(),
	})
	if err != nil {
		return nil, h.failed("Register", err)
	}
	return connect.NewResponse(&gatewayv1.RegisterResponse{AccessToken: resp.GetAccessToken(), User: toUser(resp.GetUser())}), nil
}

// Logout has nothing to do: tokens run out by themselves.
func (h *Handler) Logout(ctx context.Context, req *connect.Request[gatewayv1.LogoutRequest]) (*connect.Response[gatewayv1.LogoutResponse], error) {
	h.logger.Debug("logout", clog.String("username", middleware.Username(ctx)))
	return connect.NewResponse(&gatewayv1.LogoutResponse{Success: true}), nil
}

// GetSessionList returns the caller's sessions.
func (h *Handler) GetSessionList(ctx context.Context, req *connect.Request[gatewayv1.GetSessionListRequest]) (*connect.Response[gatewayv1.GetSessionListResponse], error) {
	username := middleware.Username(ctx)
	if username == "" {
		return nil, connect.NewError(connect.CodeUnauthenticated, errNoUser)
	}
	list, err := h.logicClient.GetSessionList(ctx, username)
	if err != nil {
		return nil, h.failed("GetSessionList", err)
	}
	resp := &gatewayv1.GetSessionListResponse{}
	for _, session := range list.GetSessions() {
		resp.Sessions = append(resp.Sessions, &gatewayv1.SessionInfo{
			SessionId:   session.GetSessionId(),
			Name:        session.GetName(),
			Type:        session.GetType(),
			UnreadCount: max(0, session.GetMaxSeqId()-session.GetLastReadSeq()),
			LastMessage: session.GetLastMessage(),
		})
	}
	return connect.NewResponse(resp), nil
}

// CreateSession creates a session that the caller owns.
func (h *Handler) CreateSession(ctx context.Context, req *connect.Request[gatewayv1.CreateSessionRequest]) (*connect.Response[gatewayv1.CreateSessionResponse], error) {
	username := middleware.Username(ctx)
	if username == "" {
		return nil, connect.NewError(connect.CodeUnauthenticated, errNoUser)
	}
	resp, err := h.logicClient.CreateSession(ctx, &logicv1.CreateSessionRequest{
		CreatorUsername: username,
		Members:         req.Msg.GetMembers(),
		Name:            req.Msg.GetName(),
		Type:            req.Msg.GetType(),
	})
	if err != nil {
		return nil, h.failed("CreateSession", err)
	}
	return connect.NewResponse(&gatewayv1.CreateSessionResponse{SessionId: resp.GetSessionId()}), nil
}

// GetRecentMessages returns the newest messages of a session.
func (h *Handler) GetRecentMessages(ctx context.Context, req *connect.Request[gatewayv1.GetRecentMessagesRequest]) (*connect.Response[gatewayv1.GetRecentMessagesResponse], error) {
	username := middleware.Username(ctx)
	if username == "" {
		return nil, connect.NewError(connect.CodeUnauthenticated, errNoUser)
	}
	recent, err := h.logicClient.GetRecentMessages(ctx, &logicv1.GetRecentMessagesRequest{
		Username:  username,
		SessionId: req.Msg.GetSessionId(),
		Limit:     req.Msg.GetLimit(),
	})
	if err != nil {
		return nil, h.failed("GetRecentMessages", err)
	}
	resp := &gatewayv1.GetRecentMessagesResponse{}
	for _, message := range recent.GetMessages() {
		resp.Messages = append(resp.Messages, &gatewayv1.PushMessage{
			MsgId:        message.GetMsgId(),
			SeqId:        message.GetSeqId(),
			SessionId:    message.GetSessionId(),
			FromUsername: message.GetFromUsername(),
			Content:      message.GetContent(),
			Type:         message.GetType(),
			Timestamp:    message.GetTimestamp(),
		})
	}
	return connect.NewResponse(resp), nil
}

// GetContactList returns the caller's contacts.
func (h *Handler) GetContactList(ctx context.Context, req *connect.Request[gatewayv1.GetContactListRequest]) (*connect.Response[gatewayv1.GetContactListResponse], error) {
	username := middleware.Username(ctx)
	if username == "" {
		return nil, connect.NewError(connect.CodeUnauthenticated, errNoUser)
	}
	contacts, err := h.logicClient.GetContactList(ctx, username)
	if err != nil {
		return nil, h.failed("GetContactList", err)
	}
	return connect.NewResponse(&gatewayv1.GetContactListResponse{Usernames: contacts.GetUsernames()}), nil
}

// SearchUser finds users by name.
func (h *Handler) SearchUser(ctx context.Context, req *connect.Request[gatewayv1.SearchUserRequest]) (*connect.Response[gatewayv1.SearchUserResponse], error) {
	found, err := h.logicClient.SearchUser(ctx, req.Msg.GetQuery())
	if err != nil {
		return nil, h.failed("SearchUser", err)
	}
	resp := &gatewayv1.SearchUserResponse{}
	for _, user := range found.GetUsers() {
		resp.Users = append(resp.Users, toUser(user))
	}
	return connect.NewResponse(resp), nil
}

// UpdateReadPosition moves the caller's read mark.
func (h *Handler) UpdateReadPosition(ctx context.Context, req *connect.Request[gatewayv1.UpdateReadPositionRequest]) (*connect.Response[gatewayv1.UpdateReadPositionResponse], error) {
	username := middleware.Username(ctx)
	if username == "" {
		return nil, connect.NewError(connect.CodeUnauthenticated, errNoUser)
	}
	resp, err := h.logicClient.UpdateReadPosition(ctx, &logicv1.UpdateReadPositionRequest{
		Username:  username,
		SessionId: req.Msg.GetSessionId(),
		SeqId:     req.Msg.GetSeqId(),
	})
	if err != nil {
		return nil, h.failed("UpdateReadPosition", err)
	}
	return connect.NewResponse(&gatewayv1.UpdateReadPositionResponse{UnreadCount: resp.GetUnreadCount()}), nil
}

// failed makes every failure of logic an internal error, a wrong password too.
func (h *Handler) failed(method string, err error) error {
	h.logger.Warn("call to logic failed", clog.String("method", method), clog.Error(err))
	return connect.NewError(connect.CodeInternal, err)
}

func toUser(user *logicv1.User) *gatewayv1.User {
	return &gatewayv1.User{Username: user.GetUsername(), Nickname: user.GetNickname()}
}
