/// The build of the programs.
package enum Build {
    /// The version: a number of Semantic Versioning, with the suffix `-dev` between releases.
    package static let version = "0.1.0-dev"
}
