package pusher

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/ceyewan/genesis/clog"
	"github.com/ceyewan/resonance/internal/registry"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

const pollInterval = 10 * time.Second

// Manager keeps one client for each gateway in the registry.
type Manager struct {
	registry  *registry.Registry
	service   string
	queueSize int
	logger    clog.Logger
	mu        sync.RWMutex
	clients   map[string]*GatewayClient
	cancel    context.CancelFunc
	wg        sync.WaitGroup
}

// NewManager returns a manager for the gateways registered as service.
func NewManager(reg *registry.Registry, service string, queueSize int, logger clog.Logger) *Manager {
	return &Manager{
		registry:  reg,
		service:   service,
		queueSize: queueSize,
		logger:    logger,
		clients:   make(map[string]*GatewayClient),
	}
}

// Start finds the gateways and keeps looking for new ones.
func (m *Manager) Start() error {
	ctx, cancel := context.WithCancel(context.Background())
	m.cancel = cancel
	if err := m.syncServices(ctx); err != nil {
		return err
	}
	m.wg.Add(1)
	go m.poll(ctx)
	return nil
}

// Close closes every client.
func (m *Manager) Close() {
	m.cancel()
	m.wg.Wait()
	m.mu.Lock()
	defer m.mu.Unlock()
	for id, client := range m.clients {
		client.Close()
		delete(m.clients, id)
	}
}

// GetClient returns the client for a gateway.
func (m *Manager) GetClient(gatewayID string) (*GatewayClient, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	client, ok := m.clients[gatewayID]
	if !ok {
		return nil, fmt.Errorf("gateway %s is not known", gatewayID)
	}
	return client, nil
}

func (m *Manager) poll(ctx context.Context) {
	defer m.wg.Done()
	ticker := time.NewTicker(pollInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			if err := m.syncServices(ctx); err != nil {
				m.logger.Warn("registry cannot be read", clog.Error(err))
			}
		}
	}
}

// syncServices adds clients for new gateways and drops those whose gateway is gone.
func (m *Manager) syncServices(ctx context.Context) error {
	instances, err := m.registry.GetService(ctx, m.service)
	if err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for id, addr := range instances {
		if _, ok := m.clients[id]; ok {
			continue
		}
		if err := m.addClient(id, addr); err != nil {
			m.logger.Error("gateway cannot be dialled", clog.String("gateway_id", id), clog.Error(err))
		}
	}
	for id, client := range m.clients {
		if _, ok := instances[id]; !ok {
			delete(m.clients, id)
			go client.Close()
		}
	}
	return nil
}

func (m *Manager) addClient(id, addr string) error {
	conn, err := grpc.NewClient("passthrough:///"+addr, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	m.clients[id] = NewGatewayClient(conn, id, m.queueSize, m.logger)
	return nil
}
