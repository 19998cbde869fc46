import CBuild

/// The version, commit and compiler of the programs.
package enum Build {
    /// The version according to Semantic Versioning, with the suffix `-dev` between releases.
    package static let version = "0.1.0"

    /// The commit as 12 hexadecimal digits, followed by `-dirty` if there were uncommitted changes.
    ///
    /// `unknown` if neither `make` nor the variable `BUILD_COMMIT` passed the commit to the build.
    package static let commit: String = {
        let commit = String(cString: cbuild_commit)
        return commit.isEmpty ? "unknown" : commit
    }()

    /// The major and minor version of the Swift compiler that built the programs; `6.4 or later` for newer versions.
    package static let swift: String = {
        #if compiler(>=6.4)
        "6.4 or later"
        #elseif compiler(>=6.3)
        "6.3"
        #else
        "6.2"
        #endif
    }()

    /// The version, commit and Swift version in one line, for `--version`.
    package static let description = "\(version) (commit \(commit), Swift \(swift))"

    /// The product token for the `User-Agent` header, such as `pontoon/0.1.0+0123456789ab`; without the commit if it is
    /// unknown.
    package static let product = "pontoon/\(version)" + (commit == "unknown" ? "" : "+\(commit)")
}
