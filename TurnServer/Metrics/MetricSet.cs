using System.Text.Json;
using Prometheus;

namespace TurnServer.Metrics;

/// <summary>
/// Metrics that are read from a source when somebody asks: one call names, describes and reads each. A value of null
/// hides its series.
/// </summary>
/// <typeparam name="T">The source.</typeparam>
internal sealed class MetricSet<T>(MetricsRegistry registry)
{
    private readonly List<Action<T>> _updates = [];

    /// <summary>Adds a value that goes up and down.</summary>
    public MetricSet<T> Gauge(string name, string help, Func<T, double?> read)
    {
        AddGauge(registry.Factory.CreateGauge(name, help, Hidden<GaugeConfiguration>()).WithLabels(), read);
        return this;
    }

    /// <summary>Adds a gauge for each value of an enum, in its order.</summary>
    public MetricSet<T> Gauges<TLabel>(string name, string help, string label, Func<T, IReadOnlyList<int>?> read)
        where TLabel : struct, Enum
    {
        var gauge = registry.Factory.CreateGauge(name, help, [label], Hidden<GaugeConfiguration>());
        foreach (var (value, index) in Enum.GetValues<TLabel>().Select((value, index) => (NameOf(value), index)))
            AddGauge(gauge.WithLabels(value), source => read(source)?[index]);
        return this;
    }

    /// <summary>
    /// Adds a gauge for each value of a label that the source names; those that it names no more disappear.
    /// </summary>
    public MetricSet<T> Gauges(string name, string help, string label,
        Func<T, IEnumerable<(string Label, double? Value)>> read)
    {
        var gauge = registry.Factory.CreateGauge(name, help, [label], Hidden<GaugeConfiguration>());
        _updates.Add(source => UpdateEach(gauge, read(source), Update));
        return this;
    }

    /// <summary>Adds a value that only grows.</summary>
    public MetricSet<T> Counter(string name, string help, Func<T, double?> read)
    {
        AddCounter(registry.Factory.CreateCounter(name, help, Hidden<CounterConfiguration>()).WithLabels(), read);
        return this;
    }

    /// <summary>Adds a counter for each value of a label.</summary>
    public MetricSet<T> Counters(string name, string help, string label,
        params IEnumerable<(string Value, Func<T, double?> Read)> series)
    {
        var counter = registry.Factory.CreateCounter(name, help, [label], Hidden<CounterConfiguration>());
        foreach (var (value, read) in series)
            AddCounter(counter.WithLabels(value), read);
        return this;
    }

    /// <summary>
    /// Adds a counter for each value of a label that the source names; those that it names no more disappear.
    /// </summary>
    public MetricSet<T> Counters(string name, string help, string label,
        Func<T, IEnumerable<(string Label, double? Value)>> read)
    {
        var counter = registry.Factory.CreateCounter(name, help, [label], Hidden<CounterConfiguration>());
        _updates.Add(source => UpdateEach(counter, read(source), Update));
        return this;
    }

    /// <summary>Adds a counter for each value of an enum, in its order.</summary>
    public MetricSet<T> Counters<TLabel>(string name, string help, string label, Func<T, IReadOnlyList<long>?> read)
        where TLabel : struct, Enum => Counters(name, help, label, Enum.GetValues<TLabel>()
            .Select((value, index) => (NameOf(value), (Func<T, double?>)(source => read(source)?[index]))));

    /// <summary>Adds a series that is always 1: its label says something of the server.</summary>
    public MetricSet<T> Info(string name, string help, string label, string value)
    {
        registry.Factory.CreateGauge(name, help, [label]).WithLabels(value).Set(1);
        return this;
    }

    /// <summary>Reads every metric.</summary>
    public void Update(T source)
    {
        foreach (var update in _updates)
            update(source);
    }

    private void AddGauge(Gauge.Child gauge, Func<T, double?> read) =>
        _updates.Add(source => Update(gauge, read(source)));

    private static void Update(Gauge.Child gauge, double? value)
    {
        if (value is { } known)
            gauge.Set(known);
        else
            gauge.Unpublish();
    }

    private void AddCounter(Counter.Child counter, Func<T, double?> read) =>
        _updates.Add(source => Update(counter, read(source)));

    private static void Update(Counter.Child counter, double? value)
    {
        if (value is { } known)
            counter.IncTo(known);
        else
            counter.Unpublish();
    }

    private static void UpdateEach<TChild>(Collector<TChild> series, IEnumerable<(string Label, double? Value)> values,
        Action<TChild, double?> update) where TChild : ChildBase
    {
        var named = new HashSet<string>();
        foreach (var (label, value) in values)
        {
            named.Add(label);
            update(series.WithLabels(label), value);
        }

        foreach (var labels in series.GetAllLabelValues().Where(labels => !named.Contains(labels[0])).ToList())
            series.RemoveLabelled(labels);
    }

    private static TConfiguration Hidden<TConfiguration>() where TConfiguration : MetricConfiguration, new() =>
        new() { SuppressInitialValue = true };

    // SilentWaiting is silent_waiting.
    private static string NameOf<TLabel>(TLabel value) where TLabel : struct, Enum =>
        JsonNamingPolicy.SnakeCaseLower.ConvertName(value.ToString());
}
