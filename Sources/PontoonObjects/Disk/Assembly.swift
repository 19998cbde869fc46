import PontoonCore

/// The plan for combining stored parts into one file, computed without I/O.
enum Assembly: Equatable {
    /// A part that is not empty, and its position in the file.
    struct Segment: Equatable {
        let part: PartRecord
        /// Length in bytes, 1 or more.
        let size: Int64
        /// First byte in the finished file.
        let offset: Int64
    }

    /// Every part in place is already in its final position, and the last one ends at `end`; only detached parts are
    /// copied.
    case inPlace(detached: [Segment], end: Int64, size: Int64)
    /// A part in place is not in its final position, so all parts are copied to a new file, in order.
    case byCopy([Segment], size: Int64)

    /// Length of the finished file in bytes.
    var size: Int64 {
        switch self {
        case .inPlace(_, _, let size), .byCopy(_, let size): size
        }
    }

    /// - Parameters:
    ///   - parts: In order, without gaps.
    ///   - partSize: Declared bytes per part, 1 or more.
    /// - Throws: ``TruncatedFile`` if a record has no length; all records of this store have one.
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
        // Final ranges never overlap, so copying detached parts does not overwrite the parts in place.
        let end = segments.last { $0.part.location == .inPlace }.map { $0.offset + $0.size }
        self = .inPlace(detached: segments.filter { $0.part.location != .inPlace }, end: end ?? 0, size: size)
    }

    /// First byte of a part that is written in place.
    static func offset(of number: PartNumber, partSize: Int64) -> Int64 {
        Int64(number.rawValue - 1) * partSize
    }
}
