import CoreMetrics

/// Counters of transferred bytes, in addition to Hummingbird's metrics, which count and time requests.
enum ByteMetrics {
    /// Number of bytes received in request bodies.
    static let received = Counter(label: "pontoon.received.bytes")
    /// Number of bytes sent in downloads of files.
    static let sent = Counter(label: "pontoon.sent.bytes")
}
