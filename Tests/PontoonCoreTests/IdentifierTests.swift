import Foundation
import Testing

@testable import PontoonCore

@Suite("Ids")
struct IdentifierTests {
    @Test("an upload's id is 64 uniformly distributed letters and digits")
    func uploads() {
        var counts: [Character: Int] = [:]
        let ids = (0..<2000).map { _ in Identifiers.upload() }
        for id in ids {
            #expect(id.count == 64)
            for letter in id { counts[letter, default: 0] += 1 }
        }
        #expect(Set(ids).count == ids.count)
        #expect(counts.count == 62 && counts.keys.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber) })
        // In 128,000 draws, each of 62 characters is expected 2064 times, with a standard deviation of 45. A deviation
        // ten times as large does not occur by chance.
        #expect(counts.values.allSatisfy { abs($0 - 2064) < 450 }, "\(counts)")
    }

    @Test("a random hex id has two digits per byte", arguments: [0, 1, 4, 6, 8, 9, 16, 32, 33])
    func hex(bytes: Int) {
        let text = Identifiers.hex(bytes: bytes)
        #expect(text.count == 2 * bytes)
        #expect(text.allSatisfy { $0.isHexDigit && !$0.isUppercase })
        #expect(bytes < 4 || text != Identifiers.hex(bytes: bytes))
    }

    @Test("a random UUID has version 4 and the right variant")
    func uuids() throws {
        for _ in 0..<100 {
            let text = Identifiers.uuid()
            let uuid = try #require(UUID(uuidString: text)).uuid
            #expect(text == text.lowercased())
            #expect(uuid.6 >> 4 == 4 && uuid.8 >> 6 == 2, "version 4, variant 1: \(text)")
        }
        #expect(Identifiers.uuid() != Identifiers.uuid())
    }
}
