import CoreMetrics

/// Counters of transferred bytes, for the metrics system of the process; Hummingbird counts and times requests.
enum ByteMetrics {
    /// Number of bytes received in request bodies.
    static let received = Counter(label: "pontoon.received.bytes")
    /// Number of bytes sent in downloads of files.
    static let sent = Counter(label: "pontoon.sent.bytes")
}
