import { createClient, memorySession } from 'backend-api-client';

const session = memorySession();
// Or `await api.logIn({ email, password })`, which keeps the session by itself.
session.save({ userId: '', tenantId: '', accessToken: process.env.TOKEN! });
export const api = createClient({ baseUrl: process.env.BASE_URL!, session });
