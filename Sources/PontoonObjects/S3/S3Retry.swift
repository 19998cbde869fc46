import Foundation

/// How often and after what pause a request is sent again; no I/O, chance is an argument.
struct S3Retry: Hashable, Sendable {
    /// How often a request is sent in all, 1 or more.
    let attempts: Int
    /// Longest pause after the first attempt; doubles with each.
    var base = Duration.milliseconds(100)
    /// No pause is longer.
    var longest = Duration.seconds(5)

    /// How long to wait before sending again.
    ///
    /// - Parameters:
    ///   - attempt: The one that failed, counted from 1.
    ///   - chance: From 0 to 1; spreads requests that failed together.
    /// - Returns: `nil` when it is not sent again.
    func pause(after attempt: Int, chance: Double) -> Duration? {
        guard attempt < attempts else { return nil }
        let doubled = base * Double(1 << min(attempt - 1, 20))
        return min(doubled, longest) * chance
    }

    /// Whether a request that failed so may succeed when it is sent again.
    static func isTransient(_ error: any Error) -> Bool {
        switch error {
        case let error as S3Error: error.isTransient
        case is S3Unreachable: true
        default: false
        }
    }
}
