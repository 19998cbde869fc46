import PontoonCore

/// The division of a file into parts, with the reason for the part size.
public struct PartPlan: Hashable, Sendable {
    /// The endpoint's limits, and the number of calls that it requires per part.
    public struct Limits: Hashable, Sendable {
        /// Maximum number of calls per window; `nil` if there is no limit, or if it is too high to slow down a
        /// transfer.
        public var calls: Int?
        /// Duration of the rate-limit window.
        public var window: Duration = .seconds(300)
        /// Average number of calls per part: 2 (part info and report), or fewer if the server provides part infos in
        /// batches or accepts reports when an upload is completed.
        public var callsPerPart = 2.0
        /// Minimum length in bytes of every part but the last.
        public var smallestPart: Int64 = 5 << 20

        /// Creates the limits of the Seven Bridges Platform, without a rate limit.
        public init() {}
    }

    /// Length of the file in bytes.
    public let size: Int64
    /// Length of every part but the last, in bytes.
    public let partSize: Int64
    /// Reason for the part size, as a phrase for the user, such as `as requested`.
    public let reason: String

    /// Number of parts; an empty file has one.
    public var parts: Int { Self.count(size: size, partSize: partSize) }

    static let defaultPartSize: Int64 = 16 << 20
    /// Bandwidth, in bytes per second, up to which the rate limit should not slow down an upload.
    static let fastLink: Int64 = 250 << 20

    /// Creates a plan with a part size that was chosen elsewhere, for example by the server.
    init(size: Int64, partSize: Int64, reason: String) {
        self.size = size
        self.partSize = partSize
        self.reason = reason
    }

    /// Chooses the part size.
    ///
    /// - Parameters:
    ///   - size: Length of the file in bytes, at most 5 TiB.
    ///   - requestedPartSize: Part size that the user requested, in bytes; `nil` to choose it automatically.
    ///   - totalBytes: Total length of all files in the run, in bytes.
    ///   - limits: Limits of the endpoint.
    /// - Throws: ``ClientError`` with code `.fileUnsuitable` for a file of more than 5 TiB, or `.requestInvalid` for a
    ///   part size outside the limits or one that requires more than 10,000 parts.
    public init(size: Int64, requestedPartSize: Int64?, totalBytes: Int64, limits: Limits) throws(ClientError) {
        guard size <= PartSizing.maximumFileSize else {
            throw ClientError(
                .fileUnsuitable,
                "The file has \(size) bytes, but the API accepts at most \(PartSizing.maximumFileSize) (5 TiB).",
                advice: "Split the file."
            )
        }
        if let requestedPartSize {
            try Self.check(requestedPartSize, size: size, limits: limits)
            self.init(size: size, partSize: requestedPartSize, reason: "as requested")
            return
        }
        var (partSize, reason) = (max(Self.defaultPartSize, limits.smallestPart), "default")
        // A run that needs at most half of a window's calls does not benefit from larger parts.
        if let calls = limits.calls, Double(totalBytes / partSize) * limits.callsPerPart > Double(calls) / 2 {
            let perSecond = Double(calls) / limits.window.inSeconds
            let wanted = Self.roundedUp(Int64(Double(Self.fastLink) * limits.callsPerPart / perSecond))
            if wanted > partSize {
                partSize = min(wanted, PartSizing.maximumPartSize)
                reason = "to keep the limit of \(calls) calls per \(limits.window) from slowing down a fast link"
            }
        }
        let mostParts = Int64(PartNumber.limits.upperBound)
        let smallest = Self.roundedUp((size + mostParts - 1) / mostParts)
        if smallest > partSize { (partSize, reason) = (smallest, "to need no more than 10,000 parts") }
        self.init(size: size, partSize: partSize, reason: reason)
    }

    /// Returns the byte range of a part; numbers are 1 to ``parts``.
    func range(_ number: Int) -> Range<Int64> {
        let start = min(size, Int64(number - 1) * partSize)
        return start..<min(size, start.addingClamped(partSize))
    }

    private static func count(size: Int64, partSize: Int64) -> Int {
        Int(clamping: max(1, size / partSize + (size % partSize == 0 ? 0 : 1)))
    }

    private static func check(_ partSize: Int64, size: Int64, limits: Limits) throws(ClientError) {
        let largest = PartSizing.maximumPartSize
        guard (limits.smallestPart...largest).contains(partSize) else {
            throw ClientError(
                .requestInvalid,
                "A part size of \(partSize) bytes is not allowed.",
                advice: "Choose \(limits.smallestPart) to \(largest) bytes (5 MiB to 5 GiB)."
            )
        }
        let parts = count(size: size, partSize: partSize)
        guard parts <= PartNumber.limits.upperBound else {
            throw ClientError(
                .requestInvalid,
                "A file of \(size) bytes would need \(parts) parts of \(partSize) bytes; at most 10,000 are allowed.",
                advice: "Omit --part-size or choose a larger one."
            )
        }
    }

    /// Rounds up to a multiple of 1 MiB.
    private static func roundedUp(_ bytes: Int64) -> Int64 { ((bytes + (1 << 20) - 1) >> 20) << 20 }
}
