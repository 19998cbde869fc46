// Temporary until PontoonCore/Support is merged.
func withClosing<Value>(_ close: () async throws -> Void, _ body: () async throws -> Value) async throws -> Value {
    let value: Value
    do { value = try await body() } catch { try? await close(); throw error }
    try await close()
    return value
}
extension Collection where Self: Sendable, Element: Sendable {
    func mapConcurrently<Value: Sendable>(limit: Int, _ body: @escaping @Sendable (Element) async throws -> Value) async throws -> [Value] {
        try await withThrowingTaskGroup(of: (Int, Value).self) { group in
            var results = [Value?](repeating: nil, count: count)
            var waiting = enumerated().makeIterator()
            func add() { if let (index, element) = waiting.next() { group.addTask { (index, try await body(element)) } } }
            for _ in 0..<limit { add() }
            while let (index, value) = try await group.next() { results[index] = value; add() }
            return results.compactMap { $0 }
        }
    }
}
enum Hex {
    static func string(_ bytes: some Sequence<UInt8>) -> String { bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() }
}
extension Duration { var inSeconds: Double { self / .seconds(1) } }
import Foundation
enum HTTPDate {
    static func parse(_ text: String) -> Date? {
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.timeZone = TimeZone(identifier: "GMT")
        formatter.dateFormat = "EEE, dd MMM yyyy HH:mm:ss 'GMT'"
        return formatter.date(from: text)
    }
}
