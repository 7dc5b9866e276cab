package main

import (
	"context"
	"net/http"
	"time"

	"connectrpc.com/connect"

	gatewayv1 "github.com/ceyewan/resonance/api/gen/go/gateway/v1"
	"github.com/ceyewan/resonance/api/gen/go/gateway/v1/gatewayv1connect"
	logicv1 "github.com/ceyewan/resonance/api/gen/go/logic/v1"
	"github.com/ceyewan/resonance/internal/hook"
	"github.com/ceyewan/resonance/internal/stage"
	"github.com/ceyewan/resonance/internal/truth"
)

const badToken = "not-a-token"

// user is one account.
type user struct {
	name, password, token string
}

// session is where messages go.
type session struct {
	id, kind string
	members  []*user
}

// api is one gateway's HTTP API.
type api struct {
	load     *load
	gateway  stage.Service
	auth     gatewayv1connect.AuthServiceClient
	sessions gatewayv1connect.SessionServiceClient
}

func newAPI(l *load, gateway stage.Service) *api {
	return &api{
		load:     l,
		gateway:  gateway,
		auth:     gatewayv1connect.NewAuthServiceClient(http.DefaultClient, "http://"+gateway.HTTP),
		sessions: gatewayv1connect.NewSessionServiceClient(http.DefaultClient, "http://"+gateway.HTTP),
	}
}

// slowSpan bounds a call's duration: logic sleeps as long as text asks for, and the answer came after took.
func slowSpan(text string, took time.Duration) truth.Span {
	ms, _ := hook.Number(text, hook.Slow)
	return truth.Span{Min: time.Duration(ms) * time.Millisecond, Max: took}
}

// called notes a call from the gateway to logic, on both sides.
func (l *load) called(method string, ok bool, span truth.Span) {
	l.model.request("logic", method, status(ok), span)
	l.table.Add("client_request_total", 1, "service", "gateway", "method", method, "status", status(ok))
	l.table.Observe("client_request_duration_ms", span, 1, "service", "gateway", "method", method)
}

// validated notes that the gateway asked logic for a token.
func (l *load) validated(ok bool, took time.Duration) {
	l.called("ValidateToken", ok, truth.Span{Max: took})
}

// sent notes what logic did with a message.
func (l *load) sent(session session, content string, ok bool) {
	if !ok {
		return
	}
	l.table.Add("message_send_total", 1, "session_type", session.kind)
	if len(content) > maxContent {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.oversized++
	}
}

// call makes one request to the gateway. token is "" for methods that need none; a bad one never reaches the handler.
func call[Req, Resp any](ctx context.Context, a *api, method, token, text string, msg *Req, inLogic bool,
	do func(context.Context, *connect.Request[Req]) (*connect.Response[Resp], error)) (*Resp, error) {
	req := connect.NewRequest(msg)
	if token != "" {
		req.Header().Set("Authorization", "Bearer "+token)
	}
	start := time.Now()
	resp, err := do(ctx, req)
	took := time.Since(start)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if code := connect.CodeOf(err); err != nil && code != connect.CodeInternal && code != connect.CodeUnauthenticated {
		return nil, err // no answer of the gateway's: nobody knows what was counted
	}
	if token != "" {
		a.load.validated(token != badToken, took)
	}
	if token == badToken {
		return nil, nil
	}
	span := slowSpan(text, took)
	a.load.model.request("gateway", method, status(err == nil), span)
	if inLogic {
		a.load.called(method, err == nil, span)
	}
	if err != nil {
		return nil, nil
	}
	return resp.Msg, nil
}

func (a *api) register(ctx context.Context, u *user) (bool, error) {
	resp, err := call(ctx, a, "Register", "", "", &gatewayv1.RegisterRequest{Username: u.name, Password: u.password},
		true, a.auth.Register)
	if resp != nil {
		u.token = resp.GetAccessToken()
	}
	return resp != nil, err
}

func (a *api) login(ctx context.Context, name, password string) (*gatewayv1.LoginResponse, error) {
	return call(ctx, a, "Login", "", name, &gatewayv1.LoginRequest{Username: name, Password: password}, true, a.auth.Login)
}

func (a *api) logout(ctx context.Context, token string) error {
	_, err := call(ctx, a, "Logout", token, "", &gatewayv1.LogoutRequest{}, false, a.auth.Logout)
	return err
}

func (a *api) getSessionList(ctx context.Context, token string) error {
	_, err := call(ctx, a, "GetSessionList", token, "", &gatewayv1.GetSessionListRequest{}, true, a.sessions.GetSessionList)
	return err
}

func (a *api) getRecentMessages(ctx context.Context, token, sessionID string) error {
	_, err := call(ctx, a, "GetRecentMessages", token, "", &gatewayv1.GetRecentMessagesRequest{SessionId: sessionID, Limit: 10},
		true, a.sessions.GetRecentMessages)
	return err
}

func (a *api) getContactList(ctx context.Context, token string) error {
	_, err := call(ctx, a, "GetContactList", token, "", &gatewayv1.GetContactListRequest{}, true, a.sessions.GetContactList)
	return err
}

func (a *api) searchUser(ctx context.Context, token, query string) error {
	_, err := call(ctx, a, "SearchUser", token, query, &gatewayv1.SearchUserRequest{Query: query}, true, a.sessions.SearchUser)
	return err
}

// updateReadPosition moves u's read mark; the query takes as long as u's name says.
func (a *api) updateReadPosition(ctx context.Context, u *user, sessionID string, seqID int64) error {
	start := time.Now()
	_, err := call(ctx, a, "UpdateReadPosition", u.token, "",
		&gatewayv1.UpdateReadPositionRequest{SessionId: sessionID, SeqId: seqID}, true, a.sessions.UpdateReadPosition)
	if err == nil && sessionID != "" {
		ms, _ := hook.Number(u.name, hook.SlowDB)
		span := truth.Span{Min: time.Duration(ms) * time.Millisecond, Max: time.Since(start)}
		a.load.slowQueries.Observe("db_query_duration_ms", span, 1, "table", slowTable, "operation", slowOperation)
	}
	return err
}

func (a *api) createSession(ctx context.Context, creator *user, members []*user, name string, kind int32) (string, error) {
	a.load.sending()
	msg := &gatewayv1.CreateSessionRequest{Name: name, Type: kind}
	for _, member := range members {
		msg.Members = append(msg.Members, member.name)
	}
	resp, err := call(ctx, a, "CreateSession", creator.token, "", msg, true, a.sessions.CreateSession)
	return resp.GetSessionId(), err
}

// direct makes one request to logic without a gateway.
func direct[Req, Resp any](ctx context.Context, l *load, method string, req Req, failed func(Resp) bool,
	do func(context.Context, Req) (Resp, error)) error {
	start := time.Now()
	resp, err := do(ctx, req)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	ok := err == nil && (failed == nil || !failed(resp))
	l.model.request("logic", method, status(ok), truth.Span{Max: time.Since(start)})
	return nil
}

// validate asks logic whose token it is; a bad token is no error, but no success either.
func (l *load) validate(ctx context.Context, token string) error {
	return direct(ctx, l, "ValidateToken", &logicv1.ValidateTokenRequest{AccessToken: token},
		func(resp *logicv1.ValidateTokenResponse) bool { return !resp.GetValid() },
		func(ctx context.Context, req *logicv1.ValidateTokenRequest) (*logicv1.ValidateTokenResponse, error) {
			return l.logic.auth.ValidateToken(ctx, req)
		})
}

// sendMessage gives a message to logic without a gateway.
func (l *load) sendMessage(ctx context.Context, from *user, to session, content string) error {
	l.sending()
	return direct(ctx, l, "SendMessage",
		&logicv1.SendMessageRequest{SessionId: to.id, FromUsername: from.name, Content: content, Type: "text"},
		func(resp *logicv1.SendMessageResponse) bool {
			ok := resp.GetError() == ""
			l.sent(to, content, ok)
			return !ok
		},
		func(ctx context.Context, req *logicv1.SendMessageRequest) (*logicv1.SendMessageResponse, error) {
			return l.logic.chat.SendMessage(ctx, req)
		})
}
