import Foundation
import PontoonCore
import Testing

@testable import PontoonObjects

struct AssemblyTests {
    @Test("in-place parts are not copied if all are at their final offsets")
    func allInPlace() throws {
        let parts = try [part(1, 10), part(2, 10), part(3, 4)]
        #expect(try Assembly(parts, partSize: 10) == .inPlace(detached: [], end: 24, size: 24))
    }

    @Test("the Python client's oversized part and its empty last part are copied into the file")
    func longPart() throws {
        let long = try part(2, 11, isDetached: true)
        let parts = try [part(1, 10), long, part(3, 0)]
        #expect(
            try Assembly(parts, partSize: 10)
                == .inPlace(detached: [.init(part: long, size: 11, offset: 10)], end: 10, size: 21)
        )
    }

    @Test("a short part shifts all later parts, so all are copied in order")
    func shortPart() throws {
        let parts = try [part(1, 3), part(2, 10), part(3, 0), part(4, 1, isDetached: true)]
        let segments: [Assembly.Segment] = [
            .init(part: parts[0], size: 3, offset: 0), .init(part: parts[1], size: 10, offset: 3),
            .init(part: parts[3], size: 1, offset: 13),
        ]
        #expect(try Assembly(parts, partSize: 10) == .byCopy(segments, size: 14))
    }

    @Test("an upload may consist of detached parts only")
    func allAside() throws {
        let parts = try [part(1, 3, isDetached: true), part(2, 5, isDetached: true)]
        let segments: [Assembly.Segment] = [
            .init(part: parts[0], size: 3, offset: 0), .init(part: parts[1], size: 5, offset: 3),
        ]
        #expect(try Assembly(parts, partSize: 10) == .inPlace(detached: segments, end: 0, size: 8))
    }

    @Test("an upload without parts, or with only empty ones, forms an empty file", arguments: [0, 1, 3])
    func empty(count: Int) throws {
        let parts = try (0..<count).map { try part($0 + 1, 0) }
        #expect(try Assembly(parts, partSize: 10) == .inPlace(detached: [], end: 0, size: 0))
    }

    private func part(_ number: Int, _ size: Int64, isDetached: Bool = false) throws -> PartRecord {
        PartRecord(
            number: try PartNumber(number),
            size: size,
            etag: "e",
            crc64: nil,
            location: isDetached ? .detached(name: "\(number).x") : .inPlace,
            storedOn: Date(timeIntervalSince1970: 0)
        )
    }
}
