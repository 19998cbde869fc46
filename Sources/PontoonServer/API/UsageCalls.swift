import Hummingbird
import PontoonCore

/// The request handlers for the usage of the projects that the caller owns, and for forecasts of uploads and the disk.
///
/// Source: docs/api.md#usage-and-forecast.
struct UsageCalls {
    let usage: UsageReports
    let forecasts: Forecasts

    func add(to routes: Routes) {
        routes.call(.get, "/usage", list)
        routes.call(.get, "/forecast", forecast)
    }

    @Sendable private func list(_ call: APICall) async throws -> Response {
        try await call.discardBody()
        let projects = try await usage.projects(caller: call.caller, page: try call.query.page())
        let total = try await usage.total(caller: call.caller)
        return try .list(
            projects.map { ProjectUsageBody(project: $0, base: call.base) },
            path: "/usage",
            call: call,
            fields: .all,
            extras: ["usage": OrNull(total.map { UsageBody(report: $0) }), "user": call.caller.name]
        )
    }

    @Sendable private func forecast(_ call: APICall) async throws -> Response {
        try await call.discardBody()
        let forecast = try await forecasts.forecast(caller: call.caller, page: try call.query.page())
        return try .list(
            forecast.uploads.map { UploadForecastBody(forecast: $0, base: call.base) },
            path: "/forecast",
            call: call,
            fields: .all,
            extras: ["disk": OrNull(forecast.disk.map { DiskForecastBody(forecast: $0) })]
        )
    }
}
