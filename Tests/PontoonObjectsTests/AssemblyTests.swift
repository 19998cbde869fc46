import Foundation
import PontoonCore
import Testing

@testable import PontoonObjects

struct AssemblyTests {
    @Test("parts at their slots stay there")
    func allInPlace() throws {
        let parts = try [part(1, 10), part(2, 10), part(3, 4)]
        #expect(Assembly(parts, partSize: 10) == .inPlace([], slotEnd: 24, size: 24))
    }

    @Test("the Python client's long part and empty last part are laid in")
    func longPart() throws {
        let long = try part(2, 11, aside: true)
        let parts = try [part(1, 10), long, part(3, 0)]
        #expect(Assembly(parts, partSize: 10) == .inPlace([.init(part: long, offset: 10)], slotEnd: 10, size: 21))
    }

    @Test("a short part moves all that follow, so everything is copied in order")
    func shortPart() throws {
        let parts = try [part(1, 3), part(2, 10), part(3, 0), part(4, 1, aside: true)]
        let pieces: [Assembly.Piece] = [
            .init(part: parts[0], offset: 0), .init(part: parts[1], offset: 3), .init(part: parts[3], offset: 13),
        ]
        #expect(Assembly(parts, partSize: 10) == .rewrite(pieces, size: 14))
    }

    @Test("only parts aside need no slots at all")
    func allAside() throws {
        let parts = try [part(1, 3, aside: true), part(2, 5, aside: true)]
        let pieces: [Assembly.Piece] = [.init(part: parts[0], offset: 0), .init(part: parts[1], offset: 3)]
        #expect(Assembly(parts, partSize: 10) == .inPlace(pieces, slotEnd: 0, size: 8))
    }

    @Test("no parts, or empty ones, make an empty file", arguments: [0, 1, 3])
    func empty(count: Int) throws {
        let parts = try (0..<count).map { try part($0 + 1, 0) }
        #expect(Assembly(parts, partSize: 10) == .inPlace([], slotEnd: 0, size: 0))
    }

    private func part(_ number: Int, _ size: Int64, aside: Bool = false) throws -> PartRecord {
        PartRecord(
            number: try PartNumber(number),
            size: size,
            etag: "e",
            crc64: nil,
            place: aside ? PartLocation(rawValue: "\(number).x") : .slot,
            storedOn: Date(timeIntervalSince1970: 0)
        )
    }
}
