import ArgumentParser
import PontoonClient

extension Pontoon {
    /// Parses the arguments and runs the command; exits with its status.
    static func main() async {
        do {
            try Terminal.openClosedStreams()
            var command = try await asyncParseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch {
            Terminal.exit(report(error))
        }
    }

    /// Prints the requested help, version or completion script, or the error in the arguments.
    ///
    /// - Returns: The exit code.
    private static func report(_ error: any Error) -> Int32 {
        let code = exitCode(for: error)
        let text = fullMessage(for: error)
        if text.isEmpty { return code.rawValue }
        // During a completion, a message would appear in the middle of the command that the user is typing.
        if CommandLine.arguments.dropFirst().first == "---completion", !code.isSuccess { return code.rawValue }
        let output = Output.standard
        if code.isSuccess {
            output.write(text + "\n", to: .output)
        } else {
            printError(UnknownOption(CommandLine.arguments.dropFirst(), of: Pontoon.self)?.message, text)
        }
        guard let failure = output.failure else { return code.rawValue }
        if failure.isClosedPipe { Terminal.terminateForClosedPipe() }
        output.printMessage("pontoon: Cannot write to standard output: \(failure.error).")
        return ExitStatus.localFile.rawValue
    }

    /// Prints `text`, which consists of an error and the usage of the command.
    ///
    /// If `problem` is not `nil`, it replaces the error. With `--json`, the error is also printed as a JSON line to
    /// standard output.
    private static func printError(_ problem: String?, _ text: String) {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        if let problem {
            let usage = lines.firstIndex { $0.hasPrefix("Usage:") } ?? lines.endIndex
            lines = ["Error: \(problem)"] + lines[usage...]
        }
        if ListingOptions.requestJSON(CommandLine.arguments) {
            let message = (lines.first ?? "").replacing("Error: ", with: "", maxReplacements: 1)
            Output.standard.fail(ClientError.Code.requestInvalid.rawValue, message, json: true)
        }
        for line in lines { Output.standard.printMessage(line) }
    }
}
