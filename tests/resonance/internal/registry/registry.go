// Package registry tells the services where the others are. The real system keeps this in etcd; one Redis hash per
// service name does for loopback.
package registry

import (
	"context"
	"fmt"

	"github.com/redis/go-redis/v9"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// Registry is where services announce themselves and are found.
type Registry struct {
	client *redis.Client
}

// New returns the registry kept in client's Redis.
func New(client *redis.Client) *Registry {
	return &Registry{client: client}
}

func key(service string) string { return "resonance:registry:" + service }

// Register announces instance id of a service at addr.
func (r *Registry) Register(ctx context.Context, service, id, addr string) error {
	return r.client.HSet(ctx, key(service), id, addr).Err()
}

// Deregister takes an instance back.
func (r *Registry) Deregister(ctx context.Context, service, id string) error {
	return r.client.HDel(ctx, key(service), id).Err()
}

// GetService returns the instances of a service: id to address.
func (r *Registry) GetService(ctx context.Context, service string) (map[string]string, error) {
	return r.client.HGetAll(ctx, key(service)).Result()
}

// GetConnection dials one instance of a service.
func (r *Registry) GetConnection(ctx context.Context, service string, opts ...grpc.DialOption) (*grpc.ClientConn, error) {
	instances, err := r.GetService(ctx, service)
	if err != nil {
		return nil, err
	}
	for _, addr := range instances {
		opts = append([]grpc.DialOption{grpc.WithTransportCredentials(insecure.NewCredentials())}, opts...)
		return grpc.NewClient("passthrough:///"+addr, opts...)
	}
	return nil, fmt.Errorf("no instance of %s is registered", service)
}
