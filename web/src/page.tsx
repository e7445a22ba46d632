/** The page: the wall of streams, or one stream. */
import { useEffect } from 'preact/hooks';
import { nowUtcMs, usePlace } from './place.ts';
import { StreamRoom } from './stream-room.tsx';
import { Wall } from './wall.tsx';

export function Page() {
  const place = usePlace();
  useEffect(() => {
    const timer = setInterval(() => (nowUtcMs.value = Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  return (
    <>
      <header>
        <a href="#/" class="brand">
          weir
        </a>
        {place.stream !== undefined && <h1>{place.stream}</h1>}
      </header>
      <main>
        {place.stream === undefined ? (
          <Wall />
        ) : (
          <StreamRoom key={place.stream} name={place.stream} atUtcMs={place.atUtcMs} />
        )}
      </main>
    </>
  );
}
