package service

import (
	"context"
	"time"

	"github.com/ceyewan/genesis/clog"
	"github.com/ceyewan/genesis/idgen"
	"github.com/ceyewan/genesis/mq"
	logicv1 "github.com/ceyewan/resonance/api/gen/go/logic/v1"
	mqv1 "github.com/ceyewan/resonance/api/gen/go/mq/v1"
	"github.com/ceyewan/resonance/internal/hook"
	"github.com/ceyewan/resonance/internal/model"
	"github.com/ceyewan/resonance/internal/repo"
	"google.golang.org/protobuf/proto"
)

const publishTimeout = 5 * time.Second

// ChatService accepts messages.
type ChatService struct {
	logicv1.UnimplementedChatServiceServer
	sessionRepo repo.SessionRepo
	messageRepo repo.MessageRepo
	idGen       idgen.Generator
	sequencer   idgen.Sequencer
	mqClient    mq.Client
	logger      clog.Logger
}

// NewChatService returns the service.
func NewChatService(sessions repo.SessionRepo, messages repo.MessageRepo, ids idgen.Generator,
	sequencer idgen.Sequencer, client mq.Client, logger clog.Logger) *ChatService {
	return &ChatService{sessionRepo: sessions, messageRepo: messages, idGen: ids, sequencer: sequencer,
		mqClient: client, logger: logger}
}

// SendMessage stores a message and publishes it. A refusal is in the response; the error is always nil.
func (s *ChatService) SendMessage(ctx context.Context, req *logicv1.SendMessageRequest) (*logicv1.SendMessageResponse, error) {
	hook.PanicIfAsked(req.GetContent())
	hook.Sleep(req.GetContent(), hook.Slow)

	members, err := s.sessionRepo.GetMembers(ctx, req.GetSessionId())
	if err != nil {
		s.logger.Error("members cannot be read", clog.String("session_id", req.GetSessionId()), clog.Error(err))
		return &logicv1.SendMessageResponse{Error: "failed to get session members"}, nil
	}
	receivers, isMember := otherMembers(members, req.GetFromUsername())
	if !isMember {
		return &logicv1.SendMessageResponse{Error: "not a session member"}, nil
	}
	session, _ := s.sessionRepo.GetSession(ctx, req.GetSessionId())

	seqID, err := s.nextSeq(ctx, req)
	if err != nil {
		s.logger.Error("no sequence number", clog.String("session_id", req.GetSessionId()), clog.Error(err))
		return &logicv1.SendMessageResponse{Error: "server busy: failed to generate sequence"}, nil
	}
	event := &mqv1.PushEvent{
		MsgId:        s.idGen.Next(),
		SeqId:        seqID,
		SessionId:    req.GetSessionId(),
		FromUsername: req.GetFromUsername(),
		ToUsername:   req.GetToUsername(),
		Content:      req.GetContent(),
		Type:         req.GetType(),
		Timestamp:    req.GetTimestamp(),
		ToUsernames:  receivers,
	}
	if session != nil {
		event.SessionName = session.Name
	}
	payload, err := proto.Marshal(event)
	if err != nil {
		s.logger.Error("event cannot be encoded", clog.Error(err))
		return &logicv1.SendMessageResponse{Error: "failed to marshal event"}, nil
	}
	outbox := &model.MessageOutbox{MsgID: event.MsgId, Topic: pushTopic, Payload: payload}
	if err := s.save(ctx, event, outbox); err != nil {
		s.logger.Error("message cannot be saved", clog.Error(err))
		return &logicv1.SendMessageResponse{Error: "failed to save message"}, nil
	}

	done := hook.Busy()
	go func() {
		defer done()
		publishOutbox(s.mqClient, s.messageRepo, s.logger, outbox)
	}()
	return &logicv1.SendMessageResponse{MsgId: event.MsgId, SeqId: seqID}, nil
}

func (s *ChatService) nextSeq(ctx context.Context, req *logicv1.SendMessageRequest) (int64, error) {
	if hook.Has(req.GetContent(), hook.FailSeq) {
		return 0, hook.ErrInjected
	}
	return s.sequencer.Next(ctx, req.GetSessionId())
}

func (s *ChatService) save(ctx context.Context, event *mqv1.PushEvent, outbox *model.MessageOutbox) error {
	if hook.Has(event.GetContent(), hook.FailSave) {
		return hook.ErrInjected
	}
	return s.messageRepo.SaveMessageWithOutbox(ctx, toContent(event), outbox)
}

// pushTopic is what the message option of PushEvent says.
var pushTopic = proto.GetExtension((&mqv1.PushEvent{}).ProtoReflect().Descriptor().Options(), mqv1.E_DefaultTopic).(string)

// publishOutbox publishes a row and marks it as sent. A row that stays pending is the relay's business.
func publishOutbox(client mq.Client, messages repo.MessageRepo, logger clog.Logger, row *model.MessageOutbox) {
	ctx, cancel := context.WithTimeout(context.Background(), publishTimeout)
	defer cancel()
	if err := client.Publish(ctx, row.Topic, row.Payload); err != nil {
		logger.Error("message not published", clog.Int64("msg_id", row.MsgID), clog.Error(err))
		return
	}
	if err := messages.UpdateOutboxStatus(ctx, row.ID, model.OutboxSent, 0); err != nil {
		logger.Error("outbox row not marked", clog.Int64("msg_id", row.MsgID), clog.Error(err))
	}
}

func otherMembers(members []*model.SessionMember, username string) (others []string, isMember bool) {
	for _, member := range members {
		if member.Username == username {
			isMember = true
			continue
		}
		others = append(others, member.Username)
	}
	return others, isMember
}

func toContent(event *mqv1.PushEvent) *model.MessageContent {
	return &model.MessageContent{
		MsgID:          event.GetMsgId(),
		SessionID:      event.GetSessionId(),
		SenderUsername: event.GetFromUsername(),
		SeqID:          event.GetSeqId(),
		Content:        event.GetContent(),
		MsgType:        event.GetType(),
	}
}
