import CoreMetrics

/// Counters of transferred bytes, for the metrics system of the process; Hummingbird counts and times requests.
enum ByteMetrics {
    /// Bytes of request bodies.
    static let received = Counter(label: "pontoon.received.bytes")
    /// Bytes of downloaded files.
    static let sent = Counter(label: "pontoon.sent.bytes")
}
