import ArgumentParser
import PontoonFoundation

/// The first option in the arguments that the command does not have.
///
/// ArgumentParser reports missing arguments and failed validations first, although an unknown option, which is usually
/// misspelled, is often their cause.
struct UnknownOption {
    /// The error message, which suggests an option with a similar name if there is one.
    let message: String

    /// Searches the arguments; fails if they contain no unknown option.
    init?(_ arguments: some Sequence<String>, of root: any ParsableCommand.Type) {
        guard let tool = try? JSONDecoder().decode(Tool.self, from: Data(root._dumpHelp().utf8)) else { return nil }
        var command = tool.command
        var takesCommands = true
        var takesValue = false
        for argument in arguments {
            if argument == "--" { break }
            guard argument.hasPrefix("-"), argument != "-" else {
                if takesValue {
                    takesValue = false
                } else if takesCommands, let next = command.subcommand(argument) {
                    command = next
                } else {
                    takesCommands = false
                }
                continue
            }
            takesCommands = false
            command = command.withDefaults
            let isLong = argument.hasPrefix("--")
            let name = String(argument.prefix { $0 != "=" })
            if let option = command.option(name) {
                takesValue = option.kind == "option" && name == argument
            } else if isLong || argument.count == 2 {
                let similar = isLong ? command.similarOption(name).map { " Did you mean '\($0)'?" } : nil
                message = "Unknown option '\(name)'." + (similar ?? "")
                return
            } else {
                // The argument combines several short options, which the parser handles.
                takesValue = false
            }
        }
        return nil
    }
}

extension UnknownOption {
    /// ArgumentParser's description of all commands, reduced to the fields that are needed here.
    private struct Tool: Decodable {
        let command: Command
    }

    private struct Command: Decodable {
        let commandName: String
        let defaultSubcommand: String?
        let subcommands: [Command]?
        let arguments: [Argument]?

        func subcommand(_ name: String) -> Command? { subcommands?.first { $0.commandName == name } }

        /// The command that runs if no subcommand is given.
        var withDefaults: Command { defaultSubcommand.flatMap { subcommand($0)?.withDefaults } ?? self }

        func option(_ name: String) -> Argument? { arguments?.first { $0.spellings.contains(name) } }

        /// Returns the option with the most similar name; `nil` if more than a third of the name differs.
        func similarOption(_ name: String) -> String? {
            let spellings = (arguments ?? []).flatMap(\.spellings).filter { $0.hasPrefix("--") }
            let distances = spellings.map { ($0, Array($0).difference(from: Array(name)).count) }
            guard let best = distances.min(by: { $0.1 < $1.1 }), best.1 * 3 <= name.count else { return nil }
            return best.0
        }
    }

    private struct Argument: Decodable {
        struct Name: Decodable {
            let kind: String
            let name: String
        }

        /// `positional`, `option` or `flag`.
        let kind: String
        let names: [Name]?

        var spellings: [String] { (names ?? []).map { $0.kind == "long" ? "--\($0.name)" : "-\($0.name)" } }
    }
}
