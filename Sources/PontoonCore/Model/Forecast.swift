package import PontoonFoundation

/// An unfinished upload and the size of its stored parts, used to forecast its completion.
package struct UploadProgress: Hashable, Sendable {
    package let upload: Upload
    /// Total length of the stored parts in bytes; 0 with a presigned store, where only the bucket knows their lengths.
    package let storedBytes: Int64
    /// Total length in bytes of the parts stored since the time that was passed to
    /// ``UploadProgressStore/openUploadProgress(of:in:since:page:)``; 0 with a presigned store.
    package let recentBytes: Int64

    package init(upload: Upload, storedBytes: Int64, recentBytes: Int64) {
        self.upload = upload
        self.storedBytes = storedBytes
        self.recentBytes = recentBytes
    }
}

/// The expected completion of an unfinished upload at its current rate.
package struct UploadForecast: Hashable, Sendable {
    package let upload: Upload
    /// Total length of the stored parts in bytes; `nil` with a presigned store, where only the bucket knows their
    /// lengths.
    package let storedBytes: Int64?
    /// Number of bytes still to arrive, 0 or more; `nil` if the size was not declared or ``storedBytes`` is `nil`.
    package let remainingBytes: Int64?
    /// Average rate at which the bytes of stored parts arrived in the last ten minutes or, for a newer upload, since it
    /// was initialized.
    ///
    /// At least 1; `nil` if the rate is lower or ``storedBytes`` is `nil`.
    package let bytesPerSecond: Int64?
    /// The expected time at which all bytes will have arrived.
    ///
    /// `nil` if ``remainingBytes`` is `nil`, if bytes remain but ``bytesPerSecond`` is `nil`, or if the time is after
    /// the year 9999.
    package let doneOn: Date?

    /// Computes the forecast.
    ///
    /// - Parameters:
    ///   - progress: The upload. ``UploadProgress/recentBytes`` must cover the last ``ForecastRules/window`` seconds.
    ///   - seesParts: Whether the lengths of stored parts are known; see ``ObjectStorage/seesParts``.
    ///   - now: The current time.
    init(_ progress: UploadProgress, seesParts: Bool, now: Date) {
        upload = progress.upload
        guard seesParts else {
            (storedBytes, remainingBytes, bytesPerSecond, doneOn) = (nil, nil, nil, nil)
            return
        }
        storedBytes = progress.storedBytes
        remainingBytes = progress.upload.size.map { max(0, $0 - max(0, progress.storedBytes)) }
        let age = now.timeIntervalSince(progress.upload.initiatedOn)
        let rate = ForecastRules.bytesPerSecond(progress.recentBytes, in: min(age, ForecastRules.window))
        bytesPerSecond = rate
        doneOn = remainingBytes.flatMap { ForecastRules.end(of: $0, at: rate, now: now) }
    }
}

/// The expected time at which a disk will be full at the current rate.
package struct DiskForecast: Hashable, Sendable {
    /// Space that uploads may still use, in bytes; `nil` if the file system does not report its free space.
    package let freeBytes: Int64?
    /// Average rate at which the bytes of all users arrived at this server in the last ten minutes or, if the server
    /// started more recently, since its start.
    ///
    /// At least 1; `nil` if the rate is lower.
    package let bytesPerSecond: Int64?
    /// The expected time at which the disk will be full.
    ///
    /// `nil` if ``freeBytes`` is `nil`, if space is free but ``bytesPerSecond`` is `nil`, or if the time is after the
    /// year 9999.
    package let fullOn: Date?

    init(freeBytes: Int64?, bytesPerSecond: Int64?, now: Date) {
        self.freeBytes = freeBytes
        self.bytesPerSecond = bytesPerSecond
        fullOn = freeBytes.flatMap { ForecastRules.end(of: $0, at: bytesPerSecond, now: now) }
    }
}

/// The forecasts for one caller.
package struct Forecast: Sendable {
    /// One page of the caller's unfinished uploads to project folders, newest first.
    package let uploads: Listing<UploadForecast>
    /// The forecast for the disk; `nil` if the objects are not on this server's disk, or the caller's token is limited
    /// to projects.
    package let disk: DiskForecast?
}
