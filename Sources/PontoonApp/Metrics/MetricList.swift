import PontoonMetadata

/// All metrics, in the order of the exposition and the documentation.
package enum MetricList {
    package static let all: [MetricDefinition] =
        requests + connections + stores + database + disk + scrub + events + programs + webhooks + audit + process

    private static let seconds: [Double] = [
        0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300,
    ]

    private static let requests: [MetricDefinition] = [
        .counter(
            "pontoon_http_requests_total",
            labels: ["method", "route", "status"],
            "Number of responses, by method, route pattern and status."
        ),
        .histogram(
            "pontoon_http_request_duration_seconds",
            labels: ["method", "route"],
            buckets: seconds,
            "Time from the head of a request to its response or, if the response is streamed, to the end of its body."
        ),
        .counter("pontoon_slow_requests_total", "Number of slow requests, as defined by --slow-request."),
        .counter("pontoon_received_bytes_total", "Number of bytes received in request bodies, including parts."),
        .counter("pontoon_sent_bytes_total", "Number of bytes sent in response bodies, including downloads."),
        .counter("pontoon_failed_authentications_total", "Number of requests with a missing or invalid token."),
    ]

    private static let connections: [MetricDefinition] = [
        .gauge("pontoon_open_connections", "Number of open connections."),
        .gauge("pontoon_max_connections", "Number of connections above which the server refuses new ones."),
        .gauge("pontoon_event_streams", "Number of open event streams."),
        .counter("pontoon_refused_connections_total", "Number of connections refused because of a limit."),
    ]

    private static let stores: [MetricDefinition] = [
        .gauge("pontoon_ready", "1 if the server can serve requests, as /readyz reports; otherwise 0."),
        .counter(
            "pontoon_store_errors_total",
            labels: ["kind"],
            "Number of requests that failed because a store was unavailable or full, or an object was damaged."
        ),
        .counter(
            "pontoon_quota_refusals_total",
            "Number of requests that were refused, in whole or in part, because of a quota."
        ),
        .gauge("pontoon_stored_bytes", scope: .stores, "Total size of all stored objects, counting copies once."),
        .gauge("pontoon_stored_objects", scope: .stores, "Number of stored objects, counting copies once."),
        .gauge("pontoon_open_uploads", scope: .stores, "Number of unfinished uploads."),
        .gauge(
            "pontoon_open_upload_declared_bytes",
            scope: .stores,
            "Total declared size of the unfinished uploads; uploads without a declared size count as 0."
        ),
        .gauge(
            "pontoon_open_upload_reserved_bytes",
            scope: .stores,
            "Number of bytes reserved by unfinished uploads to projects, which count towards quotas."
        ),
        .gauge("pontoon_discarded_objects", scope: .stores, "Number of discarded objects that are still stored."),
        .gauge("pontoon_damaged_objects", scope: .stores, "Number of objects in which the last check found damage."),
        .gauge(
            "pontoon_totals_updated_timestamp_seconds",
            "Time at which this server last counted objects and uploads, in Unix time."
        ),
    ]

    private static let database: [MetricDefinition] = [
        .gauge("pontoon_database_waiting", "Number of transactions that are waiting for the database."),
        .histogram(
            "pontoon_database_commit_writes",
            buckets: DatabaseActivity.commitSizes.map(Double.init),
            "Number of writes per commit of SQLite; with PostgreSQL, each write is a separate commit."
        ),
        .gauge("pontoon_database_connections", "Number of open connections to PostgreSQL; 0 with SQLite."),
        .gauge("pontoon_database_max_connections", "Maximum number of connections to PostgreSQL; 0 with SQLite."),
        .counter("pontoon_database_lost_connections_total", "Number of connections to PostgreSQL that were lost."),
    ]

    private static let disk: [MetricDefinition] = [
        .gauge(
            "pontoon_disk_free_bytes",
            "Free space for objects, including --reserved-space; only with objects on disk."
        ),
        .gauge("pontoon_disk_size_bytes", "Size of the file system for the objects; only with objects on disk."),
        .gauge("pontoon_disk_reserved_bytes", "Free space that uploads may not use, as set by --reserved-space."),
        .gauge("pontoon_disk_operations_waiting", "Number of file operations running or waiting for a thread."),
        .gauge("pontoon_disk_threads", "Number of threads for file operations."),
    ]

    private static let scrub: [MetricDefinition] = [
        .counter(
            "pontoon_scrub_objects_total",
            "Number of object scrubs by this server, including failed ones."
        ),
        .counter(
            "pontoon_scrub_bytes_total",
            "Total size of the objects that this server has scrubbed and found intact."
        ),
        .counter("pontoon_scrub_damaged_total", "Number of object scrubs by this server that found damage."),
        .counter(
            "pontoon_scrub_failed_total",
            "Number of objects that this server failed to read, and will try to read again."
        ),
    ]

    private static let events: [MetricDefinition] = [
        .counter(
            "pontoon_events_recorded_total",
            labels: ["type"],
            "Number of events that this server has recorded, by type."
        ),
        .counter(
            "pontoon_events_deleted_total",
            "Number of events that this server has deleted because they were older than --event-retention."
        ),
    ]

    private static let programs: [MetricDefinition] = [
        .counter(
            "pontoon_validate_runs_total",
            labels: ["result"],
            "Number of runs of --validate-command, by result: success, refused or failed."
        ),
        .histogram(
            "pontoon_validate_duration_seconds",
            buckets: seconds,
            "Duration of the runs of --validate-command."
        ),
        .counter(
            "pontoon_hook_runs_total",
            labels: ["result"],
            "Number of runs of --hook-command, by result: success or failed."
        ),
        .histogram("pontoon_hook_duration_seconds", buckets: seconds, "Duration of the runs of --hook-command."),
        .counter(
            "pontoon_hook_abandoned_events_total",
            "Number of events that were abandoned because --hook-command failed too often."
        ),
    ]

    private static let webhooks: [MetricDefinition] = [
        .counter(
            "pontoon_webhook_attempts_total",
            labels: ["result"],
            "Number of attempts by this server to deliver an event to a webhook, by result: accepted or failed."
        ),
        .counter(
            "pontoon_webhook_dead_deliveries_total",
            "Number of events whose delivery to a webhook this server has abandoned."
        ),
        .gauge(
            "pontoon_webhook_oldest_undelivered_timestamp_seconds",
            scope: .stores,
            "Time of the oldest event whose delivery by an active webhook is being retried, in Unix time; 0 if none is."
        ),
    ]

    private static let audit: [MetricDefinition] = [
        .counter("pontoon_audit_lines_total", "Number of lines written to the audit log."),
        .counter(
            "pontoon_audit_dropped_lines_total",
            "Number of lines that were not written to the audit log, for example because its disk was full."
        ),
    ]

    private static let process: [MetricDefinition] = [
        .counter("process_cpu_seconds_total", "Processor time of the process, user and system, in seconds."),
        .gauge("process_resident_memory_bytes", "Resident memory of the process."),
        .gauge("process_open_fds", "Number of open file descriptors."),
        .gauge("process_max_fds", "Maximum number of open file descriptors."),
        .gauge("process_start_time_seconds", "Start time of the process, in Unix time."),
        .gauge(
            "pontoon_build_info",
            labels: ["version", "commit", "swift"],
            "Always 1; the labels are the version of the server, its commit, and the version of Swift."
        ),
    ]
}
