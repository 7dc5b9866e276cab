"""Messages from the client to the queue to the client, and the connections they go through."""

from panels import RECORDED, dashboard, failing, quantile, query, rate, stat, timeseries, total
from thresholds import CONNECTIONS, LAG

TASK = 'service="task"'

DASHBOARD = dashboard("uprobe-exporter-messages", "Resonance / messages and queue",
                      "Messages from the client through the queue to the client, and the connections they go through.", [
    ("Now", [
        stat("Accepted", "Messages that logic accepted, a second.", "mps",
             rate("message_send_total", ["environment"]), "{{environment}}", width=6),
        stat("Handled", "Deliveries of the queue that task handled, a second; each message goes to two queue groups.", "mps",
             rate("mq_consume_duration_ms_count", ["topic"]), "{{topic}}", width=6),
        stat("Waiting", "Received from the queue and not handled. Alert ResonanceMQBacklog: above 10000.", "short",
             f"environment_topic:mq_lag:sum{{{RECORDED}}}", "{{topic}}", LAG, width=6),
        stat("Connections", "Open WebSockets of all gateways. Alert ResonanceConnectionsLow in production: below 10.", "none",
             f"environment:connection_count:sum{{{RECORDED}}}", "{{environment}}", CONNECTIONS, width=6),
    ]),
    ("From and to the clients", [
        timeseries("Packets from clients", "WebSocket packets that gateways received, a second.", "pps",
                   query(rate("message_recv_total", ["type"]), "{{type}}"), stacked=True),
        timeseries("Accepted messages", "Messages that logic accepted a second, by type of session.", "mps",
                   query(rate("message_send_total", ["session_type"]), "{{session_type}}"), stacked=True),
        timeseries("Pushes to clients", "Pushes that gateways handed to their connections, a second.", "ops",
                   query(rate("message_push_duration_ms_count", ["gateway_id"]), "{{gateway_id}}"), stacked=True),
        timeseries("Time of a push", "Until a push is in the queues of its connections; the sockets are not part of it.", "ms",
                   query(quantile(0.5, "message_push_duration_ms", ["gateway_id"]), "{{gateway_id}} 50 %"),
                   query(quantile(0.99, "message_push_duration_ms", ["gateway_id"]), "{{gateway_id}} 99 %"), width=12),
        timeseries("Connections by gateway", "Open WebSockets.", "none",
                   query(total("connection_count", ["gateway_id"]), "{{gateway_id}}"), stacked=True, width=12),
    ]),
    ("Queue", [
        timeseries("Published messages", "Messages handed to the queue, a second.", "mps",
                   query(rate("mq_publish_total", ["topic", "status"]), "{{topic}} {{status}}")),
        timeseries("Waiting messages", "In the client library, in the workers' queue, in their hands; once for each queue group.", "short",
                   query(total("mq_lag", ["topic"]), "{{topic}}"), thresholds=LAG, at_least=100),
        timeseries("Time to handle a message", "All tries and the pauses between them included.", "ms",
                   query(quantile(0.5, "mq_consume_duration_ms", ["topic"]), "{{topic}} 50 %"),
                   query(quantile(0.99, "mq_consume_duration_ms", ["topic"]), "{{topic}} 99 %")),
        timeseries("Steps of task", "Stored, pushed and handed to gateways, a second.", "ops",
                   query(rate("request_total", ["method"], TASK), "{{method}}")),
        timeseries("Failing steps of task", "Each is tried again a few times. A push fails, too, for somebody who left.", "percentunit",
                   query(failing("request_total", ["method"], TASK), "{{method}}"), at_least=0.1),
        timeseries("Time of task's steps", "99th percentile of each step.", "ms",
                   query(quantile(0.99, "request_duration_ms", ["method"], TASK), "{{method}}")),
    ]),
])
