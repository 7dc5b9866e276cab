package service

import (
	"context"
	"fmt"
	"sort"
	"time"

	"github.com/ceyewan/genesis/clog"
	"github.com/ceyewan/genesis/idgen"
	"github.com/ceyewan/genesis/mq"
	logicv1 "github.com/ceyewan/resonance/api/gen/go/logic/v1"
	mqv1 "github.com/ceyewan/resonance/api/gen/go/mq/v1"
	"github.com/ceyewan/resonance/internal/hook"
	"github.com/ceyewan/resonance/internal/model"
	"github.com/ceyewan/resonance/internal/repo"
	"github.com/ceyewan/resonance/internal/store"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

const (
	maxRecentMessages = 50
	maxSearchResults  = 20
)

// SessionService knows who talks where.
type SessionService struct {
	logicv1.UnimplementedSessionServiceServer
	sessionRepo repo.SessionRepo
	messageRepo repo.MessageRepo
	userRepo    repo.UserRepo
	idGen       idgen.Generator
	sequencer   idgen.Sequencer
	mqClient    mq.Client
	logger      clog.Logger
}

// NewSessionService returns the service.
func NewSessionService(sessions repo.SessionRepo, messages repo.MessageRepo, users repo.UserRepo, ids idgen.Generator,
	sequencer idgen.Sequencer, client mq.Client, logger clog.Logger) *SessionService {
	return &SessionService{sessionRepo: sessions, messageRepo: messages, userRepo: users, idGen: ids,
		sequencer: sequencer, mqClient: client, logger: logger}
}

// GetSessionList returns a user's sessions, each with its last message.
func (s *SessionService) GetSessionList(ctx context.Context, req *logicv1.GetSessionListRequest) (*logicv1.GetSessionListResponse, error) {
	hook.PanicIfAsked(req.GetUsername())
	sessions, err := s.sessionRepo.GetUserSessionList(ctx, req.GetUsername())
	if err != nil {
		return nil, status.Errorf(codes.Internal, "list sessions: %v", err)
	}
	resp := &logicv1.GetSessionListResponse{}
	for _, session := range sessions {
		member, _ := s.sessionRepo.GetUserSession(ctx, req.GetUsername(), session.SessionID)
		info := &logicv1.SessionInfo{
			SessionId:   session.SessionID,
			Name:        session.Name,
			Type:        int32(session.Type),
			MaxSeqId:    session.MaxSeqID,
			LastReadSeq: member.LastReadSeq,
		}
		if last, err := s.messageRepo.GetLastMessage(ctx, session.SessionID); err == nil {
			info.LastMessage = last.Content
		}
		resp.Sessions = append(resp.Sessions, info)
	}
	return resp, nil
}

// CreateSession makes a session and tells its members by a system message.
func (s *SessionService) CreateSession(ctx context.Context, req *logicv1.CreateSessionRequest) (*logicv1.CreateSessionResponse, error) {
	hook.PanicIfAsked(req.GetName())
	sessionID, err := s.newSessionID(req)
	if err != nil {
		return nil, status.Errorf(codes.InvalidArgument, "%v", err)
	}
	session := &model.Session{
		SessionID:     sessionID,
		Type:          int(req.GetType()),
		Name:          req.GetName(),
		OwnerUsername: req.GetCreatorUsername(),
	}
	if err := s.sessionRepo.CreateSession(ctx, session); err != nil {
		return nil, status.Errorf(codes.Internal, "create session: %v", err)
	}
	members := append([]string{req.GetCreatorUsername()}, req.GetMembers()...)
	for _, username := range members {
		if err := s.sessionRepo.AddMember(ctx, &model.SessionMember{SessionID: sessionID, Username: username}); err != nil {
			s.logger.Warn("member not added", clog.String("username", username), clog.Error(err))
		}
	}
	if err := s.sendSessionCreatedSystemMessage(ctx, session, members); err != nil {
		s.logger.Warn("system message not sent", clog.String("session_id", sessionID), clog.Error(err))
	}
	return &logicv1.CreateSessionResponse{SessionId: sessionID}, nil
}

// GetRecentMessages returns the newest messages of a session to one of its members.
func (s *SessionService) GetRecentMessages(ctx context.Context, req *logicv1.GetRecentMessagesRequest) (*logicv1.GetRecentMessagesResponse, error) {
	hook.PanicIfAsked(req.GetSessionId())
	if _, err := s.sessionRepo.GetUserSession(ctx, req.GetUsername(), req.GetSessionId()); err != nil {
		return nil, status.Errorf(codes.PermissionDenied, "not a session member")
	}
	limit := int(req.GetLimit())
	if limit <= 0 || limit > maxRecentMessages {
		limit = maxRecentMessages
	}
	messages, err := s.messageRepo.GetRecentMessages(ctx, req.GetSessionId(), limit)
	if err != nil {
		return nil, status.Errorf(codes.Internal, "read messages: %v", err)
	}
	resp := &logicv1.GetRecentMessagesResponse{}
	for _, message := range messages {
		resp.Messages = append(resp.Messages, &logicv1.Message{
			MsgId:        message.MsgID,
			SeqId:        message.SeqID,
			SessionId:    message.SessionID,
			FromUsername: message.SenderUsername,
			Content:      message.Content,
			Type:         message.MsgType,
			Timestamp:    message.CreatedAt.UnixMilli(),
		})
	}
	return resp, nil
}

// GetContactList returns those with whom a user has a single session.
func (s *SessionService) GetContactList(ctx context.Context, req *logicv1.GetContactListRequest) (*logicv1.GetContactListResponse, error) {
	hook.PanicIfAsked(req.GetUsername())
	usernames, err := s.sessionRepo.GetContactList(ctx, req.GetUsername())
	if err != nil {
		return nil, status.Errorf(codes.Internal, "list contacts: %v", err)
	}
	return &logicv1.GetContactListResponse{Usernames: usernames}, nil
}

// SearchUser finds users by a part of their name.
func (s *SessionService) SearchUser(ctx context.Context, req *logicv1.SearchUserRequest) (*logicv1.SearchUserResponse, error) {
	hook.PanicIfAsked(req.GetQuery())
	hook.Sleep(req.GetQuery(), hook.Slow)
	if req.GetQuery() == "" {
		return nil, status.Errorf(codes.InvalidArgument, "a query is needed")
	}
	users, err := s.userRepo.SearchUsers(ctx, req.GetQuery(), maxSearchResults)
	if err != nil {
		return nil, status.Errorf(codes.Internal, "search users: %v", err)
	}
	resp := &logicv1.SearchUserResponse{}
	for _, user := range users {
		resp.Users = append(resp.Users, toUser(user))
	}
	return resp, nil
}

// UpdateReadPosition moves a user's read mark. Not being able to read the session back is no error.
func (s *SessionService) UpdateReadPosition(ctx context.Context, req *logicv1.UpdateReadPositionRequest) (*logicv1.UpdateReadPositionResponse, error) {
	hook.PanicIfAsked(req.GetSessionId())
	if req.GetSessionId() == "" {
		return nil, status.Errorf(codes.InvalidArgument, "a session is needed")
	}
	if ms, ok := hook.Number(req.GetUsername(), hook.SlowDB); ok {
		ctx = store.WithDelay(ctx, ms)
	}
	if err := s.sessionRepo.UpdateLastReadSeq(ctx, req.GetSessionId(), req.GetUsername(), req.GetSeqId()); err != nil {
		return nil, status.Errorf(codes.Internal, "update read position: %v", err)
	}
	session, err := s.sessionRepo.GetSession(ctx, req.GetSessionId())
	if err != nil {
		return &logicv1.UpdateReadPositionResponse{}, nil
	}
	return &logicv1.UpdateReadPositionResponse{UnreadCount: max(0, session.MaxSeqID-req.GetSeqId())}, nil
}

func (s *SessionService) newSessionID(req *logicv1.CreateSessionRequest) (string, error) {
	if len(req.GetMembers()) == 0 {
		return "", fmt.Errorf("a session needs members")
	}
	if req.GetType() != model.SessionSingle {
		return "group:" + s.idGen.NextString(), nil
	}
	if len(req.GetMembers()) != 1 {
		return "", fmt.Errorf("a single session has two members")
	}
	return generateSingleChatID(req.GetCreatorUsername(), req.GetMembers()[0]), nil
}

func generateSingleChatID(a, b string) string {
	names := []string{a, b}
	sort.Strings(names)
	return "single:" + names[0] + ":" + names[1]
}

func (s *SessionService) sendSessionCreatedSystemMessage(ctx context.Context, session *model.Session, members []string) error {
	seqID, err := s.sequencer.Next(ctx, session.SessionID)
	if err != nil {
		return err
	}
	event := &mqv1.PushEvent{
		MsgId:        s.idGen.Next(),
		SeqId:        seqID,
		SessionId:    session.SessionID,
		FromUsername: session.OwnerUsername,
		Content:      "session created",
		Type:         "system",
		Timestamp:    time.Now().UnixMilli(),
		SessionName:  session.Name,
		SessionType:  int32(session.Type),
		ToUsernames:  members[1:],
	}
	payload, err := proto.Marshal(event)
	if err != nil {
		return err
	}
	outbox := &model.MessageOutbox{MsgID: event.MsgId, Topic: pushTopic, Payload: payload}
	if err := s.messageRepo.SaveMessageWithOutbox(ctx, toContent(event), outbox); err != nil {
		return err
	}

	done := hook.Busy()
	go func() {
		defer done()
		publishOutbox(s.mqClient, s.messageRepo, s.logger, outbox)
	}()
	return nil
}
