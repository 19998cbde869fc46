import Foundation
import PontoonTesting
import SystemPackage

/// Paths of the built programs and the test tools.
enum Places {
    /// The folder that contains Package.swift.
    static let root = TestTools.package

    /// The server under test: the release build, unless `TEST_PONTOOND` names another binary.
    static let pontoond =
        ProcessInfo.processInfo.environment["TEST_PONTOOND"].map { FilePath($0) }
        ?? root.appending(".build/release/pontoond")

    /// The Python interpreter that has the packages of Scripts/requirements.txt.
    static let python = root.appending(".venv/bin/python")

    /// Returns the path of a script in Tests/Compatibility/tools.
    static func script(_ name: String) -> FilePath {
        root.appending("Tests/Compatibility/tools").appending(name)
    }
}
