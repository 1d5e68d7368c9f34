using System;
using System.Collections.Generic;
using System.Reflection;
using System.Threading;

namespace UnityEngine
{
    /// <summary>The frames of a game, on one thread: what was posted, and then each component's Update.</summary>
    public static class PlayerLoop
    {
        private static readonly MainThread Context = new MainThread();
        private static readonly List<(MonoBehaviour Component, Action Update)> Components =
            new List<(MonoBehaviour, Action)>();

        /// <summary>Makes this thread the main one.</summary>
        public static void Begin() => SynchronizationContext.SetSynchronizationContext(Context);

        /// <summary>For any thread: runs it on the main thread, in the next frame.</summary>
        public static void Post(Action action) => Context.Post(_ => action(), null);

        /// <summary>Waits for something to do, but at most this long, and runs a frame.</summary>
        public static void RunFrame(TimeSpan longest)
        {
            Context.Run(longest);
            foreach (var (component, update) in Components.ToArray())
            {
                if (component != null)
                    update();
            }
        }

        internal static void Add(MonoBehaviour component)
        {
            var update = component.GetType().GetMethod("Update", BindingFlags.Instance | BindingFlags.NonPublic);
            if (update != null)
                Components.Add((component, (Action)Delegate.CreateDelegate(typeof(Action), component, update)));
        }

        // As UnitySynchronizationContext: what is posted while it runs is for the next frame.
        private sealed class MainThread : SynchronizationContext
        {
            private readonly object _lock = new object();
            private readonly int _thread = Thread.CurrentThread.ManagedThreadId;
            private List<(SendOrPostCallback Call, object State)> _calls =
                new List<(SendOrPostCallback, object)>();

            public override SynchronizationContext CreateCopy() => this;

            public override void Post(SendOrPostCallback call, object state)
            {
                lock (_lock)
                {
                    _calls.Add((call, state));
                    Monitor.Pulse(_lock);
                }
            }

            public override void Send(SendOrPostCallback call, object state)
            {
                if (Thread.CurrentThread.ManagedThreadId == _thread)
                {
                    call(state);
                    return;
                }

                using (var done = new ManualResetEventSlim())
                {
                    Post(_ =>
                    {
                        call(state);
                        done.Set();
                    }, null);
                    done.Wait();
                }
            }

            public void Run(TimeSpan longest)
            {
                List<(SendOrPostCallback Call, object State)> calls;
                lock (_lock)
                {
                    if (_calls.Count == 0)
                        Monitor.Wait(_lock, longest);
                    calls = _calls;
                    _calls = new List<(SendOrPostCallback, object)>();
                }

                foreach (var (call, state) in calls)
                    call(state);
            }
        }
    }
}
