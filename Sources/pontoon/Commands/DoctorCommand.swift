import ArgumentParser
import PontoonClient

/// The command `pontoon doctor`.
struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Try all that an upload needs, and say what is wrong and what to do.",
        discussion: """
            A small file is uploaded, downloaded and removed again: into --project, or into your only project.
            """
    )

    @OptionGroup var common: CommonOptions

    @Option(help: ArgumentHelp("Project to try an upload in, owner/name.", valueName: "id"))
    var project: String?

    @Option(help: ArgumentHelp("Bytes to upload and download, up to 1G.", valueName: "bytes"))
    var size = ByteCount(bytes: 4 << 20)

    func validate() throws {
        guard (0...(1 << 30)).contains(size.bytes) else { throw ValidationError("--size must be 0 to 1G.") }
    }

    func run() async throws {
        try await running(json: common.json) { [self] in
            var options = Doctor.Options()
            options.project = project
            options.size = Int(size.bytes)
            let doctor = Doctor(try common.credentials(), settings: common.settings(), options: options)
            let findings = try await doctor.examine { [json = common.json] in
                Output.standard.say(json ? Self.line($0).text : Self.sentence($0))
            }
            return end(findings)
        }
    }

    private func end(_ findings: [Doctor.Finding]) -> Ending {
        let bad = findings.filter { $0.verdict == .bad }
        let warnings = findings.filter { $0.verdict == .warning }
        if common.json {
            Output.standard.say(JSONLine("finished").with("bad", bad.count).with("warnings", warnings.count).text)
        } else if !bad.isEmpty {
            Output.standard.say("Something is wrong.")
        } else {
            Output.standard.say(
                warnings.isEmpty ? "All is well." : "It works, with \(counted(warnings.count, "warning"))."
            )
        }
        return Ending(bad.map { $0.error.map { Ending($0) } ?? .mixed })
    }

    private static func sentence(_ finding: Doctor.Finding) -> String {
        let mark =
            switch finding.verdict {
            case .good: "ok  "
            case .warning: "warn"
            case .bad: "BAD "
            }
        let time = finding.time.map { " [\(Int(($0 / .milliseconds(1)).rounded())) ms]" } ?? ""
        let advice = finding.advice.map { "\n      → \($0.printable)" } ?? ""
        return "\(mark)  \(finding.check.rawValue): \(finding.message.printable)\(time)" + advice
    }

    private static func line(_ finding: Doctor.Finding) -> JSONLine {
        let line = JSONLine("check").with("check", finding.check.rawValue).with("verdict", finding.verdict.rawValue)
            .with("message", finding.message).with("advice", finding.advice).with("code", finding.error.map(errorCode))
        return finding.time.map { line.with("seconds", $0 / .seconds(1)) } ?? line
    }
}
