import PontoonCore
import Testing

struct EventCursorTests {
    @Test("a cursor is parsed from its own text", arguments: [0, 1, 999_999_999_999_999_999])
    func roundTrip(_ position: Int64) {
        let cursor = EventCursor(log: "0123456789abcdef", position: position)
        #expect(EventCursor(cursor.text) == cursor)
    }

    @Test(
        "no other text is a cursor",
        arguments: [
            "", ".", "a", "a.", ".1", "1", "a.1.2", "a.-1", "a.+1", "a.1x", "A.1", "g.1", "a.1 ", " a.1", "a.٣",
            "a.1000000000000000000", String(repeating: "a", count: 33) + ".1", "latest",
        ]
    )
    func malformed(_ text: String) {
        #expect(EventCursor(text) == nil)
    }
}
