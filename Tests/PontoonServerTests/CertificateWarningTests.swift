import Logging
import Testing

@testable import PontoonApp

struct CertificateWarningTests {
    @Test(
        "a certificate is reported in its last 14 days, and as an error once it has expired",
        arguments: [
            (14 * 86400, nil), (14 * 86400 - 1, .warning), (1, .warning), (0, .error), (-86400, .error),
        ] as [(Int, Logger.Level?)]
    )
    func levels(seconds: Int, level: Logger.Level?) {
        let warning = CertificateService.warning(.seconds(seconds))
        #expect(warning?.level == level)
        #expect(warning.map { "\($0.message)" == "certificate expired" } ?? false == (level == .error))
    }
}
