import Glibc
import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import SystemPackage
import Testing

/// Kills an upload at a moment derived from `round`, repeats it, and checks that no acknowledged part was sent twice.
func killAndRepeat(round: Int, on stores: TestStores) async throws {
    let partSize = 5 << 20
    var random = SeededGenerator(seed: UInt64(round))
    let size = 7 * partSize + Int.random(in: 1...1000, using: &random)
    let moment = Int.random(in: 0...10, using: &random)
    let delay = Int.random(in: 0...50, using: &random)
    try await withPontoon(on: stores) { server, user in
        let path = try user.makeFile("f", size: size, seed: UInt64(round)).string
        // In these rounds, the complete call is blocked, so the process is still running when it is killed.
        let isHeld = moment < 6
        let (first, second) = try await user.held(at: "/complete", passes: isHeld ? 0 : .max, server) { user, valve in
            let seen = Counter()
            let first = try await user.upload("--part-size", "5M", "--bwlimit", "20M", path) { event, pid in
                guard event.kind != "progress", seen.next() == moment else { return }
                // A random delay, not a wait for an event.
                try await Task.sleep(for: .milliseconds(delay))
                kill(pid, SIGKILL)
            }
            valve.discard()
            return (first, try await user.upload("--part-size", "5M", path))
        }
        if isHeld { #expect(first.code == nil, "\(first)") }
        #expect(second.code == 0, "\(first)\n\(second)")
        #expect(Set(first.parts).isDisjoint(with: second.parts), "\(first)\n\(second)")
        #expect(try await server.api.content("f") == testBytes(seed: UInt64(round), count: size))
        // No upload is left, not even an empty one for which the response to the initialize call was lost. The second
        // run finds and uses such an upload.
        #expect(try await server.api.call(.GET, "/upload/multipart")["items"] == [], "\(first)\n\(second)")
    }
}
