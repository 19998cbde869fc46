import Foundation
import Hummingbird
import HummingbirdCore
import PontoonCore
import Synchronization

/// Limits the calls of each token and adds the rate-limit headers to every response, errors included.
///
/// Runs after ``AuthenticationMiddleware``. Each process keeps separate counts, in memory.
struct RateLimitMiddleware: RouterMiddleware {
    typealias Context = AppContext

    /// Counts the calls; `nil` admits any number of calls.
    let counter: RateLimitCounter?
    let now: @Sendable () -> Date

    @concurrent func handle(
        _ request: Request,
        context: AppContext,
        next: @concurrent (Request, AppContext) async throws -> Response
    ) async throws -> Response {
        let status = count(context)
        var context = context
        context.rateLimit = status
        var response: Response
        do {
            guard status.isAdmitted else {
                throw PontoonError(.rateLimited, "This token's limit of \(status.limit) calls is used up; retry later.")
            }
            response = try await next(request, context)
        } catch {
            response = try context.response(to: error)
        }
        status.addHeaders(to: &response)
        return response
    }

    private func count(_ context: AppContext) -> RateLimitStatus {
        guard let counter, let token = context.caller?.token else { return .unlimited(now: now()) }
        return counter.count(token, now: now())
    }
}

/// Counts the calls of each token.
final class RateLimitCounter: Sendable {
    private let store: Mutex<RateLimitStore>

    init(_ limit: RateLimit) { store = Mutex(RateLimitStore(limit: limit)) }

    func count(_ token: Secret, now: Date) -> RateLimitStatus { store.withLock { $0.call(token, now: now) } }
}

extension RateLimitStatus {
    /// Sets each of the three headers to a single integer; clients cannot parse repeated headers.
    fileprivate func addHeaders(to response: inout Response) {
        response.headers[.rateLimitLimit] = String(limit)
        response.headers[.rateLimitRemaining] = String(remaining)
        response.headers[.rateLimitReset] = String(reset)
    }
}
