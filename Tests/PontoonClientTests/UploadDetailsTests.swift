import Foundation
import PontoonClient
import Testing

struct UploadDetailsTests {
    @Test(
        "the age of an upload is accurate to two seconds, and if in doubt, the upload counts as old enough",
        arguments: [
            // The server's clock has just advanced to :20, and the last received Date header still contained :19.
            (initiated: "2026-11-26T12:00:20Z", age: 0, serverTime: "2026-11-26T12:00:19Z", isOlder: true),
            (initiated: "2026-11-26T12:00:20Z", age: 0, serverTime: "2026-11-26T12:00:15Z", isOlder: true),
            (initiated: "2026-11-26T11:00:21Z", age: 3600, serverTime: "2026-11-26T12:00:19Z", isOlder: true),
            (initiated: "2026-11-26T11:00:22Z", age: 3600, serverTime: "2026-11-26T12:00:19Z", isOlder: false),
            (initiated: nil, age: 0, serverTime: "2026-11-26T12:00:19Z", isOlder: false),
        ] as [(String?, TimeInterval, String, Bool)]
    )
    func age(initiated: String?, age: TimeInterval, serverTime: String, isOlder: Bool) throws {
        let time = initiated.map { #", "initiated": "\#($0)""# } ?? ""
        let details = try JSONDecoder().decode(UploadDetails.self, from: Data(#"{"upload_id": "u"\#(time)}"#.utf8))
        #expect(details.isOlder(than: age, at: try Date(serverTime, strategy: .iso8601)) == isOlder)
    }
}
