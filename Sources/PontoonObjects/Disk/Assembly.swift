import PontoonCore

/// How stored parts become one file, decided without I/O.
enum Assembly: Equatable {
    /// A stretch of bytes that goes to its final offset.
    struct Piece: Equatable {
        let part: PartRecord
        let offset: Int64
    }

    /// All parts at their slots are where they belong and end at `slotEnd`; only these others are laid in.
    case inPlace([Piece], slotEnd: Int64, size: Int64)
    /// A part at its slot would have to move, so all are copied to a new file, in order.
    case rewrite([Piece], size: Int64)

    /// Decides.
    ///
    /// - Parameters:
    ///   - parts: In order, without gaps.
    ///   - partSize: Bytes per slot, 1 or more.
    init(_ parts: [PartRecord], partSize: Int64) {
        var pieces: [Piece] = []
        var size: Int64 = 0
        for part in parts {
            if part.size > 0 { pieces.append(Piece(part: part, offset: size)) }
            size += part.size
        }
        let staysPut = pieces.allSatisfy { piece in
            piece.part.place != .slot || piece.offset == Self.slotOffset(piece.part.number, partSize: partSize)
        }
        guard staysPut else {
            self = .rewrite(pieces, size: size)
            return
        }
        // Final ranges never overlap each other, so laying in harms no part that stays where it is.
        let aside = pieces.filter { $0.part.place != .slot }
        let slotEnd = pieces.last { $0.part.place == .slot }.map { $0.offset + $0.part.size }
        self = .inPlace(aside, slotEnd: slotEnd ?? 0, size: size)
    }

    /// First byte of a part's slot.
    static func slotOffset(_ number: PartNumber, partSize: Int64) -> Int64 {
        Int64(number.rawValue - 1) * partSize
    }
}
