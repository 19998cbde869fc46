/// The parts and labels of the file that completing an upload creates.
///
/// A plan is created, without I/O, in the transaction that leases the completion.
///
/// Source: docs/api.md#complete.
package struct CompletionPlan: Hashable, Sendable {
    /// The upload, in the state `.completing`.
    package let upload: Upload
    /// The reported parts, ordered by number.
    ///
    /// The numbers start at 1 and have no gaps.
    package let parts: [PartRecord]
    /// Whether there are stored parts that the file does not include, because they were not reported.
    package let leavesOutParts: Bool
    /// Labels that the file will have.
    package let labels: FileLabels

    /// Creates a plan from a snapshot.
    ///
    /// Checks the caller's permission if the caller is the initiator, then the parts, then the file's name.
    ///
    /// - Parameters:
    ///   - snapshot: The upload, read in the transaction that leases its completion.
    ///   - caller: Name of the user who completes the upload. If it is the initiator, the write permission is checked
    ///     again, because the earlier check may have used a cached row.
    ///   - knowsLengths: Whether part records contain lengths. If not, the lengths are checked later, against the
    ///     object store's list of parts.
    /// - Throws: `.uploadForbidden` if the caller is the initiator and may no longer write to the project;
    ///   `.completeRefused` if the parts do not form a file; `.nameTaken` if the upload's conflict rule does not allow
    ///   the name.
    package init(_ snapshot: CompletionSnapshot, caller: String, knowsLengths: Bool) throws(PontoonError) {
        upload = snapshot.upload
        labels = snapshot.labels
        guard upload.userName != caller || snapshot.initiatorMayWrite else { throw .uploadNotWritable }
        parts = try Self.reportedParts(of: snapshot.parts, declaredSize: upload.size)
        leavesOutParts = parts.count < snapshot.parts.count
        if knowsLengths { try Self.checkLengths(parts.map { ($0.number, $0.size) }, declaredSize: upload.size) }
        if let existing = snapshot.existingEntry, upload.rule.refuses(existing) {
            throw PontoonError(.nameTaken, "A file or folder named '\(upload.name)' already exists.")
        }
    }

    /// Selects the reported parts.
    ///
    /// - Parameters:
    ///   - parts: All stored parts, ordered by number.
    ///   - declaredSize: Declared length of the file in bytes; `nil` if unknown. If it is 0, no part needs to be
    ///     reported.
    /// - Returns: The reported parts, ordered by number.
    /// - Throws: `.completeRefused` if no part is reported and the declared size is not 0, or if the numbers of the
    ///   reported parts do not start at 1 or have gaps.
    package static func reportedParts(
        of parts: [PartRecord],
        declaredSize: Int64?
    ) throws(PontoonError) -> [PartRecord] {
        let reported = parts.filter(\.isReported)
        guard !reported.isEmpty || declaredSize == 0 else {
            throw refusal(
                parts.isEmpty
                    ? "No part was reported; send and report all parts first."
                    : "No part was reported (stored parts: \(parts.count)); report all parts first."
            )
        }
        if let missing = missingNumbers(in: reported.map(\.number.rawValue)) {
            throw refusal("Parts are missing: \(missing).")
        }
        return reported
    }

    /// Checks that the lengths of the parts add up to the declared size, if there is one, and do not exceed the maximum
    /// file size.
    ///
    /// - Throws: `.completeRefused` if they do not, or if the length of a part is unknown.
    package static func checkLengths(
        _ parts: [(number: PartNumber, size: Int64?)],
        declaredSize: Int64?
    ) throws(PontoonError) {
        var total: Int64 = 0
        for (number, size) in parts {
            guard let size else {
                throw refusal("The length of part \(number.rawValue) is unknown; send it again.")
            }
            // Clamped, so that wrong lengths from a bucket cannot overflow the sum.
            total += min(size, PartSizing.maximumFileSize + 1)
        }
        if let declaredSize, declaredSize != total {
            throw refusal("The reported parts contain \(total) bytes, but \(declaredSize) were declared.")
        }
        guard total <= PartSizing.maximumFileSize else {
            throw refusal("The reported parts exceed 5 TiB, the maximum file size.")
        }
    }

    /// Matches reported parts with the parts that a presigned store lists.
    ///
    /// A report identifies the bytes only by ETag, so a part that was sent again must be reported again. Empty parts
    /// are omitted, because S3 requires a minimum size for every part but the last.
    ///
    /// - Parameters:
    ///   - listed: The store's parts, in any order; a part that was sent again may be listed twice.
    ///   - reported: The reported parts, ordered by number; their lengths are ignored.
    ///   - declaredSize: Declared length of the file in bytes; `nil` if unknown.
    ///   - minimumPartSize: Minimum length in bytes of every part but the last.
    /// - Returns: The parts of the object, ordered by number.
    /// - Throws: `.completeRefused` if a reported part is not listed with the reported ETag, if a part other than the
    ///   last is shorter than `minimumPartSize`, or if the total length differs from the declared size or exceeds the
    ///   maximum file size.
    package static func listedParts(
        _ listed: [ListedPart],
        matching reported: [PartRecord],
        declaredSize: Int64?,
        minimumPartSize: Int64
    ) throws(PontoonError) -> [ListedPart] {
        let listed = Dictionary(grouping: listed, by: \.number)
        var parts: [ListedPart] = []
        for report in reported {
            let versions = listed[report.number] ?? []
            guard let part = versions.first(where: { ETag.matches($0.etag, report.etag) }) else {
                throw refusal(
                    versions.isEmpty
                        ? "Part \(report.number.rawValue) is not stored; send it again."
                        : "Part \(report.number.rawValue) is not stored with the reported ETag; report it again."
                )
            }
            parts.append(part)
        }
        try checkLengths(parts.map { ($0.number, $0.size) }, declaredSize: declaredSize)
        parts.removeAll { $0.size == 0 }
        if let short = parts.dropLast().first(where: { $0.size < minimumPartSize }) {
            throw refusal(
                """
                The length of part \(short.number.rawValue) is \(short.size), but every part except the last must have \
                at least \(minimumPartSize) bytes.
                """
            )
        }
        return parts
    }

    /// Names the first ten numbers missing between 1 and the last number, and counts the others; `nil` if none is
    /// missing.
    private static func missingNumbers(in numbers: [Int]) -> String? {
        guard let last = numbers.last, last > numbers.count else { return nil }
        let present = Set(numbers)
        let missing = (1...last).filter { !present.contains($0) }
        let named = missing.prefix(10).map(String.init).joined(separator: ", ")
        return missing.count > 10 ? "\(named) and \(missing.count - 10) more" : named
    }

    private static func refusal(_ reason: String) -> PontoonError { PontoonError(.completeRefused, reason) }
}
