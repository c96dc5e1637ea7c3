/** `npm run serve`: scim-edge on this machine, for people who host it themselves. */
import '../src/server.ts'
