import Foundation
import Hummingbird
import Logging

// The upper bound of the framework: one route that returns a constant string.
guard CommandLine.arguments.count == 2, let port = Int(CommandLine.arguments[1]) else {
    print("usage: constant PORT")
    exit(2)
}
var logger = Logger(label: "constant")
logger.logLevel = .warning
let router = Router()
router.get("constant") { _, _ in "constant" }
let app = Application(
    router: router,
    configuration: .init(address: .hostname("127.0.0.1", port: port)),
    logger: logger
)
try await app.runService()
