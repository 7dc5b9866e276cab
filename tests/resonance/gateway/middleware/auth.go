// Package middleware holds what runs before the gateway's handlers.
package middleware

import (
	"context"
	"net/http"
	"strings"

	"github.com/ceyewan/genesis/clog"
	"github.com/ceyewan/resonance/gateway/client"
	"github.com/gin-gonic/gin"
)

type usernameKey struct{}

// Username is who made the request; empty when nobody asked.
func Username(ctx context.Context) string {
	username, _ := ctx.Value(usernameKey{}).(string)
	return username
}

// RequireAuth lets only requests with a valid token through; it asks logic for each.
func RequireAuth(logicClient *client.Client, logger clog.Logger) gin.HandlerFunc {
	return func(c *gin.Context) {
		resp, err := logicClient.ValidateToken(c.Request.Context(), token(c.Request))
		if err != nil || !resp.GetValid() {
			logger.Debug("request rejected", clog.String("path", c.Request.URL.Path))
			c.AbortWithStatus(http.StatusUnauthorized)
			return
		}
		ctx := context.WithValue(c.Request.Context(), usernameKey{}, resp.GetUsername())
		c.Request = c.Request.WithContext(ctx)
		c.Next()
	}
}

func token(r *http.Request) string {
	if header, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		return header
	}
	return r.URL.Query().Get("token")
}
