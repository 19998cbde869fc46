import ArgumentParser
import PontoonFoundation
import PontoonClient

/// The options that select the destination of an upload.
///
/// Without these options, the destination is the project that the environment variable `PONTOON_PROJECT` names. If the
/// variable is not set, the destination is the last positional argument, as in `cp`; see
/// ``split(_:hasOtherSources:)``.
struct DestinationArguments: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            """
            Destination owner/project/folder, or the id of a folder. Missing folders are created. Default: the project \
            in the environment variable PONTOON_PROJECT, or else the last argument.
            """,
            valueName: "path"
        ),
        completion: .remotePath
    )
    var to: String?

    @Option(
        help: ArgumentHelp(
            "Destination project, owner/project, instead of --to.",
            valueName: "id"
        ),
        completion: .project
    )
    var project: String?

    @Option(help: ArgumentHelp("Id of the destination folder, instead of --to.", valueName: "id"))
    var parent: String?

    func validate() throws {
        guard [to, project, parent].compactMap({ $0 }).count <= 1 else {
            throw ValidationError("Pass only one of --to, --project and --parent.")
        }
        if let project, project.split(separator: "/", omittingEmptySubsequences: false).count != 2 {
            throw ValidationError("--project must be owner/project, as listed by 'pontoon projects'.")
        }
        _ = try selected()
    }

    /// Separates the sources from the destination.
    ///
    /// The destination is the value of an option, the value of `PONTOON_PROJECT`, or else the last argument.
    ///
    /// - Parameters:
    ///   - arguments: The positional arguments.
    ///   - hasOtherSources: Whether options such as `--files-from` also name sources. If so, the destination may be the
    ///     only argument.
    /// - Returns: The positional arguments that are sources, and the path or id of the destination.
    /// - Throws: `ValidationError` if the destination is missing or not valid.
    func split(
        _ arguments: [String],
        hasOtherSources: Bool = false
    ) throws -> (sources: [String], destination: RemotePath) {
        if let selected = try selected() { return (arguments, selected) }
        guard let last = arguments.last, arguments.count > 1 || hasOtherSources else {
            throw ValidationError("Pass the destination with --to owner/project/folder, or as the last argument.")
        }
        guard !FileManager.default.fileExists(atPath: last), let destination = try? RemotePath(last) else {
            throw ValidationError(
                "The last argument, '\(last)', is "
                    + (FileManager.default.fileExists(atPath: last)
                        ? "a file or folder on this machine" : "not a path on the server")
                    + ". Pass the destination with --to owner/project/folder."
            )
        }
        return (arguments.dropLast(), destination)
    }

    private func selected() throws -> RemotePath? {
        if let parent { return .id(parent) }
        let variable = ProcessInfo.processInfo.environment["PONTOON_PROJECT"].flatMap { $0.isEmpty ? nil : $0 }
        if to == nil, project == nil, let variable {
            guard variable.split(separator: "/", omittingEmptySubsequences: false).count == 2 else {
                throw ValidationError(
                    "The environment variable PONTOON_PROJECT must be owner/project, not '\(variable)'."
                )
            }
        }
        guard let text = to ?? project ?? variable else { return nil }
        do {
            return try RemotePath(text)
        } catch {
            throw ValidationError("\(error)")
        }
    }
}
