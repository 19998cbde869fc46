import ArgumentParser
import PontoonApp

struct CheckBucketCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check-bucket",
        abstract: "Check whether the server can use its S3 bucket, and whether web pages can exchange bytes with it.",
        discussion: """
            Browsers exchange bytes directly with the bucket, so the bucket needs a CORS rule for the origin of the \
            console (--public-url, or else --listen) and for the origins in --allow-origin. Pass the same settings as \
            to the server. The check initiates and aborts an upload, and leaves no object in the bucket. The server \
            may be running.

            Exit status: 0 if no problems were found or all were fixed, 1 if problems remain, 2 if the check was not \
            possible.
            """
    )

    @OptionGroup var stores: StoreFlags
    @Option(.listen) var listen: GivenFlag?
    @Option(.publicURL) var publicURL: GivenFlag?
    @Option(.console) var console: GivenFlag?
    @Option(.allowOrigin) var allowOrigin: GivenFlag?
    @Flag(
        name: .customLong("fix-cors"),
        help: "Add a missing CORS rule to the bucket, without changing its other rules"
    )
    var fixesRules = false

    func run() async throws {
        let isUsable: Bool
        do {
            isUsable = try await Pontoond.run {
                let settings = try Settings(try GivenSettings(flags: stores.givenFlags + givenFlags))
                return try await BucketCheck(settings: settings, fixesRules: fixesRules) { Pontoond.print($0) }.run()
            }
        } catch let code as ExitCode where code == .failure {
            throw ExitCode(2)
        }
        if !isUsable { throw ExitCode(1) }
    }
}
