import Foundation
import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import SystemPackage
import Testing

/// `pontoon compare`.
@Suite(.timeLimit(.minutes(10)), .tags(.endToEnd))
struct CompareTests {
    private func findings(_ run: PontoonRun) -> [String: String] {
        let lines = run.events.filter { $0.text("name") != nil }
        return Dictionary(uniqueKeysWithValues: lines.map { ($0.text("name") ?? "", $0.kind) })
    }

    @Test("compare finds every kind of difference, which determines the exit code")
    func differences() async throws {
        try await withPontoon { server, user in
            for name in ["a", "deep/er/b", "empty", "ä"] {
                try user.makeFile("in/\(name)", size: name == "empty" ? 0 : 10_000)
            }
            #expect(try await user.upload("--keep-tree", user.path("in") + "/").code == 0)
            let compare = ["compare", "--json", user.path("in"), "admin/uploads"]
            let equal = try await user.run(compare)
            #expect(equal.code == 0, "\(equal)")
            #expect(findings(equal) == ["a": "same", "deep/er/b": "same", "empty": "same", "ä": "same"])
            #expect(equal.all("finished").first?.number("files") == 4)

            try user.makeFile("in/new", size: 1)
            let onlyHere = try await user.run(compare)
            #expect(onlyHere.code == 4 && findings(onlyHere)["new"] == "only_here", "\(onlyHere)")
            try FileManager.default.removeItem(atPath: user.path("in/new"))

            _ = try await server.api.uploadSmall("there")
            let onlyThere = try await user.run(compare)
            #expect(onlyThere.code == 4 && findings(onlyThere)["there"] == "only_there", "\(onlyThere)")

            // The same length, but one bit differs.
            try damage(FilePath(user.path("in/deep/er/b")))
            let different = try await user.run(compare)
            #expect(different.code == 7 && findings(different)["deep/er/b"] == "different", "\(different)")
            let folder = try await server.api.fileID("deep")
            let part = try await user.run(["compare", user.path("in/deep"), folder])
            #expect(part.code == 7 && part.output.contains("er/b: different, its CRC-64/NVME is "), "\(part)")
            let quick = try await user.run(["compare", "--json", "--quick", user.path("in/deep"), folder])
            #expect(quick.code == 0 && findings(quick) == ["er/b": "same_size"], "\(quick)")
        }
    }

    @Test("names that differ only in Unicode normalization are different files")
    func composition() async throws {
        try await withPontoon { server, user in
            try user.makeFile("in/\u{E4}", size: 5)
            _ = try await server.api.uploadSmall("a\u{308}", "12345")
            let run = try await user.run(["compare", "--json", user.path("in"), "admin/uploads"])
            #expect(run.code == 4, "\(run)")
            #expect(run.all("only_here").count == 1 && run.all("only_there").count == 1, "\(run)")
        }
    }

    @Test("compare exits with 4 if a folder is missing, and with 64 if the arguments are not two folders")
    func refusals() async throws {
        try await withPontoon { server, user in
            let file = try await server.api.uploadSmall("f")
            try user.makeFile("in/f", size: 3)
            let rows: [(arguments: [String], code: Int)] = [
                ([user.path("none"), "admin/uploads"], 4), ([user.path("in"), "admin/none"], 4),
                ([user.path("in"), "admin/uploads/none"], 4), ([user.path("in"), file], 64),
                ([user.path("in/f"), "admin/uploads"], 64), ([user.path("in")], 64),
            ]
            for (arguments, code) in rows {
                let run = try await user.run(["compare", "--json"] + arguments)
                #expect(run.code == code, "\(arguments): \(run)")
            }
        }
    }
}
