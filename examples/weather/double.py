"""Open-Meteo's double on a port, for trying the example without a network.

python examples/weather/double.py 8060
BODEGA_WEATHER_URL=http://127.0.0.1:8060/v1/forecast bodega up
"""

import sys
import time
from datetime import UTC, datetime

from bodega.testing.doubles import OpenMeteoDouble, serve_double

if __name__ == "__main__":
    double = OpenMeteoDouble(today=datetime.now(UTC).date())
    with serve_double(double.handle, int(sys.argv[1]) if len(sys.argv) > 1 else 8060) as url:
        print(f"BODEGA_WEATHER_URL={url}/v1/forecast")
        while True:
            time.sleep(3600)
