import CBuild

/// The version, commit and compiler of the programs.
package enum Build {
    /// The version according to Semantic Versioning, with the suffix `-dev` between releases.
    package static let version = "0.1.0"

    /// The commit, as 12 hexadecimal digits, followed by `-dirty` if its files were changed; `unknown` if the build
    /// does not know it, because neither `make` nor the variable `BUILD_COMMIT` named it.
    package static let commit: String = {
        let commit = String(cString: cbuild_commit)
        return commit.isEmpty ? "unknown" : commit
    }()

    /// The version of Swift with which the programs were compiled, without the number of its patch release.
    package static let swift: String = {
        #if compiler(>=6.4)
        "6.4 or later"
        #elseif compiler(>=6.3)
        "6.3"
        #else
        "6.2"
        #endif
    }()

    /// The version, the commit and the version of Swift in one line, for `--version`.
    package static let description = "\(version) (commit \(commit), Swift \(swift))"

    /// The product `pontoon` with version and commit, in the format of the header `User-Agent`.
    package static let product = "pontoon/\(version)" + (commit == "unknown" ? "" : "+\(commit)")
}
