import PontoonCore

/// How a file is cut into parts, and why; decided without I/O.
public struct PartPlan: Hashable, Sendable {
    /// What the endpoint allows, and what a part costs.
    public struct Limits: Hashable, Sendable {
        /// Most calls in a window; `nil` when there is no limit to speak of.
        public var calls: Int?
        /// Length of the window.
        public var window: Duration = .seconds(300)
        /// Calls that each part costs: two where nothing comes in batches.
        public var callsPerPart = 2.0
        /// Smallest part that the endpoint takes, but for the last.
        public var smallestPart: Int64 = 5 << 20

        /// Takes the platform's own.
        public init() {}
    }

    /// Length of the file in bytes.
    public let size: Int64
    /// Bytes in every part but the last.
    public let partSize: Int64
    /// Why this size, in words.
    public let reason: String

    /// Number of parts; an empty file has one.
    public var parts: Int { Self.count(size: size, partSize: partSize) }

    /// What is asked for unless there is a reason for more.
    static let usualPartSize: Int64 = 16 << 20
    /// A link that should not be held up by the limit of calls, in bytes per second.
    static let fastLink: Int64 = 250 << 20

    /// Takes a decision made elsewhere, such as the server's.
    init(size: Int64, partSize: Int64, reason: String) {
        self.size = size
        self.partSize = partSize
        self.reason = reason
    }

    /// Chooses.
    ///
    /// - Parameters:
    ///   - size: Length of the file, 0 to 5 TiB.
    ///   - wish: The user's part size; `nil` for ours.
    ///   - totalBytes: Length of all files of the job.
    ///   - limits: What the endpoint allows.
    /// - Throws: `.fileUnsuitable` for a file of more than 5 TiB; `.requestInvalid` for a wish that cannot be.
    public init(size: Int64, wish: Int64?, totalBytes: Int64, limits: Limits) throws(ClientError) {
        guard size <= PartSizing.maximumFileSize else {
            throw ClientError(
                .fileUnsuitable,
                "The file has \(size) bytes, and the API takes \(PartSizing.maximumFileSize) (5 TiB) at most.",
                advice: "Split it."
            )
        }
        if let wish {
            try Self.check(wish, size: size, limits: limits)
            self.init(size: size, partSize: wish, reason: "as asked for")
            return
        }
        var (partSize, reason) = (max(Self.usualPartSize, limits.smallestPart), "the usual")
        // A job that fits into one window needs no larger parts.
        if let calls = limits.calls, Double(totalBytes / partSize) * limits.callsPerPart > Double(calls) / 2 {
            let perSecond = Double(calls) / limits.window.inSeconds
            let wanted = Self.roundedUp(Int64(Double(Self.fastLink) * limits.callsPerPart / perSecond))
            if wanted > partSize {
                partSize = min(wanted, PartSizing.maximumPartSize)
                reason = "so that \(calls) calls in \(limits.window) do not hold up a fast link"
            }
        }
        let fewest = Self.roundedUp(
            (size + Int64(PartNumber.limits.upperBound) - 1) / Int64(PartNumber.limits.upperBound)
        )
        if fewest > partSize { (partSize, reason) = (fewest, "so that 10,000 parts suffice") }
        self.init(size: size, partSize: partSize, reason: reason)
    }

    /// Parts of a file.
    static func count(size: Int64, partSize: Int64) -> Int {
        Int(clamping: max(1, size / partSize + (size % partSize == 0 ? 0 : 1)))
    }

    /// Bytes of a part, by number from 1.
    static func range(_ number: Int, size: Int64, partSize: Int64) -> Range<Int64> {
        let start = min(size, Int64(number - 1) * partSize)
        return start..<min(size, start + partSize)
    }

    private static func check(_ wish: Int64, size: Int64, limits: Limits) throws(ClientError) {
        let largest = PartSizing.maximumPartSize
        guard (limits.smallestPart...largest).contains(wish) else {
            throw ClientError(
                .requestInvalid,
                "A part size of \(wish) bytes is not possible.",
                advice: "Choose \(limits.smallestPart) to \(largest) bytes (5 MiB to 5 GiB)."
            )
        }
        let parts = count(size: size, partSize: wish)
        guard parts <= PartNumber.limits.upperBound else {
            throw ClientError(
                .requestInvalid,
                "A file of \(size) bytes would have \(parts) parts of \(wish) bytes; 10,000 is the most.",
                advice: "Leave --part-size out, or choose a larger one."
            )
        }
    }

    /// The next whole MiB.
    private static func roundedUp(_ bytes: Int64) -> Int64 { ((bytes + (1 << 20) - 1) >> 20) << 20 }
}

extension Duration {
    /// As a number, with fractions.
    var inSeconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}
