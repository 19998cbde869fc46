import Foundation
package import SystemPackage

/// Paths of the package, of its scripts, and of the programs that `Scripts/setup --test` installs for tests.
package enum TestTools {
    /// The root directory of the package.
    package static let package: FilePath = {
        var path = FilePath(#filePath)
        for _ in 0..<4 { path.removeLastComponent() }
        return path
    }()

    /// Python with the packages of `Scripts/requirements.txt`.
    package static let python = package.appending(".venv/bin/python")

    /// SeaweedFS, installed with the packages of `Scripts/requirements.txt`.
    package static let weed = package.appending(".venv/bin/weed")

    /// Whether tests may start PostgreSQL and SeaweedFS: `false` if `TEST_ENGINES` is `none`, which `make check` sets.
    package static let areEnginesAllowed = ProcessInfo.processInfo.environment["TEST_ENGINES"] != "none"

    /// Returns the path of a script in `Scripts/engines`, which runs an engine such as a database server.
    package static func engine(_ name: String) -> FilePath { package.appending("Scripts/engines").appending(name) }
}
