import PontoonCore

/// The plan for combining stored parts into one file, computed without I/O.
enum Assembly: Equatable {
    /// A non-empty part and its position in the finished file.
    struct Segment: Equatable {
        let part: PartRecord
        /// Length in bytes, 1 or more.
        let size: Int64
        /// Offset of the part's first byte in the finished file.
        let offset: Int64
    }

    /// Every in-place part is already at its final offset, so only detached parts are copied.
    ///
    /// The last in-place part ends at `end`, which is 0 if there is none.
    case inPlace(detached: [Segment], end: Int64, size: Int64)
    /// At least one in-place part is not at its final offset, so all parts are copied to a new file, in order.
    case byCopy([Segment], size: Int64)

    /// Length of the finished file in bytes.
    var size: Int64 {
        switch self {
        case .inPlace(_, _, let size), .byCopy(_, let size): size
        }
    }

    /// Computes the plan for an upload.
    ///
    /// - Parameters:
    ///   - parts: The parts of the file, ordered by number.
    ///   - partSize: The part size in bytes, 1 or more.
    /// - Throws: ``TruncatedFile`` if a record has no length; records of the disk store always have one.
    init(_ parts: [PartRecord], partSize: Int64) throws(TruncatedFile) {
        var segments: [Segment] = []
        var size: Int64 = 0
        for part in parts {
            guard let length = part.size else { throw TruncatedFile() }
            if length > 0 { segments.append(Segment(part: part, size: length, offset: size)) }
            size += length
        }
        let areAllInPosition = segments.allSatisfy { segment in
            segment.part.location != .inPlace
                || segment.offset == Self.offset(of: segment.part.number, partSize: partSize)
        }
        guard areAllInPosition else {
            self = .byCopy(segments, size: size)
            return
        }
        // Final ranges never overlap, so copying detached parts does not overwrite in-place parts.
        let end = segments.last { $0.part.location == .inPlace }.map { $0.offset + $0.size }
        self = .inPlace(detached: segments.filter { $0.part.location != .inPlace }, end: end ?? 0, size: size)
    }

    /// Returns the offset at which an in-place part starts.
    static func offset(of number: PartNumber, partSize: Int64) -> Int64 {
        Int64(number.rawValue - 1) * partSize
    }
}
