package import PontoonCore
import SystemPackage

extension DiskObjectStore {
    package func freeUnusedSpace(
        of upload: Upload,
        storedParts: () async throws -> [PartRecord]?
    ) async throws {
        guard let size = upload.size else { return }
        let active = writers.join(upload.key)
        defer { writers.leave(upload.key, active) }
        guard active.refuseReservations() else { return }
        defer { active.acceptReservations() }
        // If the upload is completed or aborted after this call, the barrier is closed, and ``ActiveWriters/write(_:)``
        // throws.
        guard let parts = try await storedParts() else { return }
        let unused = Self.unusedRanges(size: size, partSize: upload.partSize, parts)
        try await executor.run { [layout] in
            do {
                let file = try DiskFile.open(layout.upload(upload.key), .readWrite, options: .closeOnExec)
                try file.closeAfter {
                    try active.write {
                        for range in unused { try file.punchHole(offset: range.lowerBound, count: Int64(range.count)) }
                    }
                }
            } catch Errno.noSuchFileOrDirectory {
                // The upload has ended, or its file was never created.
            } catch let error as PontoonError where error.code == .uploadNotFound {}
        }
    }

    /// Returns the ranges of an upload's file outside the in-place regions of the in-place parts, in order.
    private static func unusedRanges(size: Int64, partSize: Int64, _ parts: [PartRecord]) -> [Range<Int64>] {
        var ranges: [Range<Int64>] = []
        var end: Int64 = 0
        for part in parts.filter({ $0.location == .inPlace }).sorted(by: { $0.number < $1.number }) {
            let start = Assembly.offset(of: part.number, partSize: partSize)
            if start >= size { break }
            if start > end { ranges.append(end..<start) }
            end = start + partSize
        }
        if end < size { ranges.append(end..<size) }
        return ranges
    }
}
