import CoreMetrics

/// Bytes that pass, for whatever metrics system the process has chosen; Hummingbird counts and times the requests.
enum ByteMetrics {
    /// Bodies of requests, control plane and data plane.
    static let received = Counter(label: "pontoon.received.bytes")
    /// Bytes of downloaded files.
    static let sent = Counter(label: "pontoon.sent.bytes")
}
