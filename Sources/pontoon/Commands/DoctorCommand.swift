import ArgumentParser
import PontoonClient

struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Check the connection, the credentials and a test transfer, and suggest fixes.",
        discussion: """
            The test transfer uploads a small file to --project, downloads it and deletes it. Without --project, your \
            only project is used. If you have several projects or none, the test transfer is skipped.
            """
    )

    @OptionGroup var common: CommonOptions

    @Option(help: ArgumentHelp("Project for the test transfer, owner/project.", valueName: "id"))
    var project: String?

    @Option(help: ArgumentHelp("Size of the test file, up to 1G.", valueName: "bytes"))
    var size = ByteCount(bytes: 4 << 20)

    func validate() throws {
        guard (0...(1 << 30)).contains(size.bytes) else { throw ValidationError("--size must be from 0 to 1G.") }
    }

    func run() async throws {
        try await runCommand(json: common.json) { [self] in
            var options = Doctor.Options()
            options.project = project
            options.size = Int(size.bytes)
            let doctor = Doctor(try common.credentials(), settings: try common.settings(), options: options)
            let findings = try await doctor.diagnose { [json = common.json] in
                for line in json ? [Self.line($0).text] : Self.text($0) { Output.standard.printLine(line) }
            }
            return finish(findings)
        }
    }

    private func finish(_ findings: [Doctor.Finding]) -> CommandEnd {
        let bad = findings.filter { $0.verdict == .bad }
        let warnings = findings.filter { $0.verdict == .warning }
        if !common.json {
            let passed =
                "All checks passed" + (warnings.isEmpty ? "." : ", with \(counted(warnings.count, "warning")).")
            Output.standard.printLine(bad.isEmpty ? passed : "Some checks failed.")
        }
        return CommandEnd(
            ExitStatus(bad.map { $0.error.map { ExitStatus($0) } ?? .mixed }),
            counts: ["bad": Int64(bad.count), "warnings": Int64(warnings.count)]
        )
    }

    private static func text(_ finding: Doctor.Finding) -> [String] {
        let mark =
            switch finding.verdict {
            case .good: "ok  "
            case .warning: "warn"
            case .bad: "BAD "
            }
        let time = finding.time.map { " [\(Int(($0 / .milliseconds(1)).rounded())) ms]" } ?? ""
        let result = "\(mark)  \(finding.check.rawValue): \(finding.message)\(time)"
        return [result] + (finding.advice.map { ["      → \($0)"] } ?? [])
    }

    private static func line(_ finding: Doctor.Finding) -> JSONLine {
        let line = JSONLine("check").with("check", finding.check.rawValue).with("verdict", finding.verdict.rawValue)
            .with("message", finding.message).with("advice", finding.advice).with("code", finding.error.map(errorCode))
        return finding.time.map { line.with("seconds", $0 / .seconds(1)) } ?? line
    }
}
